#include "storage/in_child.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>

namespace cofila::test {

namespace {

constexpr unsigned bound = 60;
constexpr uid_t nobody = 65534;

void check(int result, const char* what)
{
    if (result != 0)
        throw std::system_error{errno, std::generic_category(), what};
}

std::string read_all(int from)
{
    std::string out;
    std::array<char, 4096> part{};
    for (ssize_t got = 0; (got = ::read(from, part.data(), part.size())) > 0;)
        out.append(part.data(), static_cast<std::size_t>(got));
    return out;
}

[[noreturn]] void run(const std::function<std::string()>& body, int to)
{
    ::alarm(bound);
    std::string answer;
    try {
        answer = body();
    } catch (const std::exception& e) {
        answer = std::string{"threw: "} + e.what();
    }
    const auto written = ::write(to, answer.data(), answer.size());
    ::_exit(written == static_cast<ssize_t>(answer.size()) ? 0 : 1);
}

}  // namespace

std::string in_child(const std::function<std::string()>& body)
{
    std::array<int, 2> ends{};
    check(::pipe(ends.data()), "pipe");
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child == 0)
        run(body, ends[1]);
    ::close(ends[1]);
    const auto answer = read_all(ends[0]);
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    return status == 0 ? answer : "died: " + std::to_string(status);
}

void become_nobody()
{
    if (::geteuid() != 0)
        return;
    check(::setgid(nobody), "setgid");
    check(::setuid(nobody), "setuid");
}

}  // namespace cofila::test
