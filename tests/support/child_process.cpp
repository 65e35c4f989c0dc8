#include "support/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace cofila::test {

namespace {

int bound_in_ms()
{
    const char* const bound = std::getenv("COFILA_TEST_BOUND");
    return (bound ? std::atoi(bound) : 60) * 1000;
}

std::array<int, 2> make_pipe()
{
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        throw std::system_error{errno, std::generic_category(), "pipe"};
    return ends;
}

}  // namespace

child_process::child_process(std::vector<std::string> command)
{
    const auto in = make_pipe();
    const auto out = make_pipe();
    std::vector<char*> arguments;
    for (auto& word : command)
        arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
        ::dup2(in[0], STDIN_FILENO);
        ::dup2(out[1], STDOUT_FILENO);
        ::execv(arguments[0], arguments.data());
        ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    input_ = in[1];
    output_ = out[0];
}

child_process::~child_process()
{
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    ::close(input_);
    ::close(output_);
}

bool child_process::fill()
{
    pollfd ready{.fd = output_, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, bound_in_ms()) == 0)
        throw std::runtime_error("the program is silent; it has written: " + read_);
    std::array<char, 4096> buffer{};
    const auto count = ::read(output_, buffer.data(), buffer.size());
    ended_ = count <= 0;
    if (count > 0)
        read_.append(buffer.data(), static_cast<std::size_t>(count));
    return count > 0;
}

std::string child_process::read_line()
{
    auto end = read_.find('\n');
    while (end == std::string::npos) {
        if (!fill())
            throw std::runtime_error("the program has ended; it has written: " + read_);
        end = read_.find('\n');
    }
    auto line = read_.substr(0, end);
    read_.erase(0, end + 1);
    return line;
}

std::string child_process::read_until(const std::string& beginning)
{
    auto line = read_line();
    while (!line.starts_with(beginning))
        line = read_line();
    return line;
}

std::string child_process::read_rest()
{
    while (fill()) {}
    return std::exchange(read_, {});
}

std::vector<std::string> child_process::take_lines()
{
    pollfd ready{.fd = output_, .events = POLLIN, .revents = 0};
    while (::poll(&ready, 1, 0) > 0 && fill()) {}
    std::vector<std::string> out;
    while (read_.find('\n') != std::string::npos)
        out.push_back(read_line());
    return out;
}

void child_process::write_line(const std::string& line)
{
    const auto text = line + "\n";
    if (::write(input_, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        throw std::system_error{errno, std::generic_category(), "write"};
}

void child_process::send(int signal) { ::kill(pid_, signal); }

int child_process::wait()
{
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string program(const char* variable)
{
    const char* const path = std::getenv(variable);
    if (!path)
        throw std::runtime_error(std::string{variable} + " is not set: run the tests with meson test");
    return path;
}

}  // namespace cofila::test
