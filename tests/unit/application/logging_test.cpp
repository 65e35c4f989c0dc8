#include <sys/types.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "app.hpp"
#include "recorder.hpp"
#include "support/temp_folder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("logging");

namespace {

asio::awaitable<int> fail_always(job<int, int> job)
{
    throw std::runtime_error{"boom\nof " + job.name()};
    co_return 0;
}

/// An engine on the parts of `a` whose lines of these levels come to `log`.
asio::awaitable<engine> logging_engine(app& a, lines& log, log_level least)
{
    auto options = a.options();
    options.logger = {.level = least, .sink = [&log](log_level level, std::string_view line) {
                          log.push_back(std::string{to_string(level)} + " " + std::string{line});
                      }};
    return engine::open(std::move(options));
}

/// What is written to standard error while this lives.
class captured_stderr {
public:
    captured_stderr() : kept_{::dup(STDERR_FILENO)}
    {
        std::FILE* const file = std::fopen(path_.c_str(), "w");
        ::dup2(::fileno(file), STDERR_FILENO);
        std::fclose(file);
    }
    captured_stderr(const captured_stderr&) = delete;
    captured_stderr& operator=(const captured_stderr&) = delete;
    ~captured_stderr() { restore(); }

    lines read()
    {
        restore();
        std::ifstream file{path_};
        lines out;
        for (std::string line; std::getline(file, line);)
            out.push_back(line);
        return out;
    }

private:
    void restore()
    {
        if (kept_ < 0)
            return;
        ::dup2(kept_, STDERR_FILENO);
        ::close(kept_);
        kept_ = -1;
    }

    const temp_folder folder_{};
    const std::string path_ = folder_.file("stderr");
    int kept_;
};

}  // namespace

APP_CASE("a failed attempt is logged as a warning and the end of its job as an error, each on one line")
{
    lines log;
    const auto engine = co_await logging_engine(a, log, log_level::warning);
    auto queue = engine.queue<int, int>("mails");
    shift worker{queue, fail_always, {.name = "w"}};
    co_await queue.add("x", 1, {.id = "a", .attempts = 2, .backoff = backoff::fixed(1s)});
    co_await a.clock->pass(1s);
    CHECK(
        log ==
        lines{
            "warning queue 'mails': job 'a' failed in attempt 1 of 2, the next is due in 1000 ms: boom\\nof x",
            "error queue 'mails': job 'a' has failed, 2 of 2 attempts made: boom\\nof x"
        }
    );
    co_await worker.finish();
    CHECK(log.size() == 2);
}

APP_CASE("a worker's start and close are logged, with its queue")
{
    lines log;
    const auto engine = co_await logging_engine(a, log, log_level::info);
    shift worker{engine.queue<int, int>("mails"), fail_always, {.concurrency = 3, .name = "w"}};
    co_await settle();
    CHECK(log == lines{"info worker '" + worker.id() + "' of queue 'mails' takes jobs, 3 at once"});
    co_await worker.finish();
    CHECK(log.back() == "info worker '" + worker.id() + "' of queue 'mails' has closed");
}

APP_CASE("jobs that fail without an attempt, and those that stall, are logged too")
{
    lines log;
    const auto engine = co_await logging_engine(a, log, log_level::warning);
    auto queue = engine.queue<int, int>("q");
    co_await queue.add("x", 1, {.id = "late", .ttl = 1s});
    co_await a.clock->pass(1s);
    auto taken = co_await queue.fetch_next_and_lock({});
    CHECK(taken.empty());
    co_await queue.add("x", 1, {.id = "kept"});
    co_await queue.cancel("kept", "no more");
    co_await queue.add("x", 1, {.id = "gone", .on_failed = retention::remove_at_once()});
    co_await queue.cancel("gone", "no more");
    CHECK(
        log ==
        lines{
            "error queue 'q': job 'late' has failed, 0 of 1 attempts made: expired",
            "error queue 'q': job 'kept' has failed, 0 of 1 attempts made: cancelled: no more",
            "error queue 'q': job 'gone' has failed, 0 of 1 attempts made: cancelled: no more"
        }
    );
}

APP_CASE("lines below the level are not made")
{
    lines log;
    const auto engine = co_await logging_engine(a, log, log_level::error);
    auto queue = engine.queue<int, int>("q");
    shift worker{queue, fail_always};
    co_await queue.add("x", 1, {.id = "a", .attempts = 2});
    co_await settle();
    CHECK(log == lines{"error queue 'q': job 'a' has failed, 2 of 2 attempts made: boom\\nof x"});
    co_await worker.finish();
}

TEST_CASE("the sink for standard error writes whole lines from any thread, with time and level, from its level on")
{
    captured_stderr captured;
    const auto log = log_to_stderr(log_level::warning);
    log(log_level::info, "not this");
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([log] {
            for (int n = 0; n < 100; ++n)
                log(log_level::error, std::string(300, 'x'));
        });
    threads.clear();
    log(log_level::warning, "last");
    const auto written = captured.read();
    REQUIRE(written.size() == 401);
    const std::string_view stamp = "2030-01-31T12:00:00.000Z ";
    lines texts;
    for (const auto& line : written) {
        REQUIRE(line.size() > stamp.size());
        CHECK(line[10] == 'T');
        CHECK(line[stamp.size() - 2] == 'Z');
        texts.push_back(line.substr(stamp.size()));
    }
    lines expected(400, "error cofila: " + std::string(300, 'x'));
    expected.emplace_back("warning cofila: last");
    CHECK((texts == expected));
}

TEST_SUITE_END();
