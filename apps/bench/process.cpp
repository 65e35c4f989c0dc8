#include "process.hpp"

#include <cofila/engine.hpp>
#include <cofila/run_main.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "workloads.hpp"

namespace bench {

namespace asio = boost::asio;

namespace {

/// A quoted word of the shell.
std::string quoted(const std::string& text)
{
    std::string out{"'"};
    for (const char c : text)
        out += c == '\'' ? std::string{"'\\''"} : std::string{c};
    return out + "'";
}

std::string command_line(const task& work)
{
    return fmt::format(
        "{} --task {} --database {} --schema {} --durability {} --jobs {} --concurrency {} --prefetch {} --spin {} "
        "--crowd {} --in-bulk {}",
        quoted(std::filesystem::read_symlink("/proc/self/exe").string()),
        quoted(work.kind),
        quoted(work.database),
        quoted(work.schema),
        work.durability == cofila::durability::full ? "full" : "normal",
        work.jobs,
        work.concurrency,
        work.prefetch,
        work.spin.count(),
        work.crowd,
        work.in_bulk ? 1 : 0
    );
}

std::string read_all(std::FILE* from)
{
    std::string text;
    std::array<char, 4096> piece{};
    while (const auto size = std::fread(piece.data(), 1, piece.size(), from))
        text.append(piece.data(), size);
    return text;
}

asio::awaitable<int> open_and_perform(task work)
{
    auto engine = co_await cofila::engine::open(
        {.database = work.database, .durability = work.durability, .spin = work.spin, .schema = work.schema}
    );
    const auto result = co_await perform(work, engine);
    co_await engine.close();
    fmt::print("{}\n", boost::json::serialize(result));
    co_return 0;
}

}  // namespace

std::vector<boost::json::object> in_processes(const std::vector<task>& what)
{
    std::vector<std::FILE*> running;
    for (const auto& one : what)
        running.push_back(::popen(command_line(one).c_str(), "r"));
    std::vector<boost::json::object> results;
    bool failed = false;
    for (auto* const one : running) {
        const auto text = one ? read_all(one) : std::string{};
        failed = !one || ::pclose(one) != 0 || failed;
        if (!failed)
            results.push_back(boost::json::parse(text).as_object());
    }
    if (failed)
        throw std::runtime_error("'" + what.front().kind + "' failed");
    return results;
}

int run_task(const task& work) { return cofila::run_main(open_and_perform(work)); }

}  // namespace bench
