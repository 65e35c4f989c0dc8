// Real processes, as a sweeper sees them.
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

#include "ports/process_table.hpp"
#include "support/print.hpp"

using namespace cofila;

namespace {

/// What /proc says of a process, from its state (field 3) on.
std::istringstream stat_of(pid_t pid)
{
    std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
    const std::string stat{std::istreambuf_iterator<char>{file}, {}};
    return std::istringstream{stat.substr(stat.rfind(')') + 1)};
}

bool looks_like_a_zombie(pid_t pid)
{
    char state = 0;
    stat_of(pid) >> state;
    return state == 'Z';
}

/// A process whose first thread has ended, while a second one waits for the end of its input.
class headless_process {
public:
    headless_process()
    {
        REQUIRE(::pipe(input_.data()) == 0);
        REQUIRE(::pipe(output_.data()) == 0);
        pid_ = ::fork();
        if (pid_ == 0)
            live();
        ::close(input_[0]);
        ::close(output_[1]);
        char ready = 0;
        REQUIRE(::read(output_[0], &ready, 1) == 1);
    }
    headless_process(const headless_process&) = delete;
    headless_process& operator=(const headless_process&) = delete;
    ~headless_process()
    {
        end();
        ::waitpid(pid_, nullptr, 0);
        ::close(output_[0]);
    }

    pid_t pid() const { return pid_; }
    /// It ends, and is a zombie until its parent has waited for it.
    void end()
    {
        if (input_[1] >= 0)
            ::close(std::exchange(input_[1], -1));
        siginfo_t ended{};
        ::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOWAIT);
    }

private:
    [[noreturn]] void live()
    {
        ::alarm(60);
        ::close(input_[1]);
        std::thread{[this] {
            while (!looks_like_a_zombie(::getpid()))
                std::this_thread::yield();
            char byte = 'r';
            if (::write(output_[1], &byte, 1) == 1)
                static_cast<void>(::read(input_[0], &byte, 1));
            ::_exit(0);
        }}.detach();
        for (;;)
            ::syscall(SYS_exit, 0);  // as pthread_exit ends a thread, but without unwinding this stack
    }

    std::array<int, 2> input_{};
    std::array<int, 2> output_{};
    pid_t pid_ = -1;
};

/// Of a process of this machine: its start is read from /proc.
process_identity identity_of(pid_t pid)
{
    auto out = system_process_table()->self();
    auto fields = stat_of(pid);
    std::string skipped;
    for (int field = 3; field < 22; ++field)
        fields >> skipped;
    fields >> out.start_time;
    out.pid = pid;
    return out;
}

}  // namespace

TEST_SUITE_BEGIN("process table");

TEST_CASE("a process whose first thread has ended lives as long as another one does")
{
    const auto table = system_process_table();
    if (table->self().boot_id.empty())
        return;  // no such system
    headless_process process;
    const auto identity = identity_of(process.pid());
    CHECK(looks_like_a_zombie(process.pid()));
    CHECK_FALSE(table->is_dead(identity));
    process.end();
    CHECK(looks_like_a_zombie(process.pid()));
    CHECK(table->is_dead(identity));
}

TEST_CASE("a process that is gone is dead, and so is one whose pid another process has")
{
    const auto table = system_process_table();
    if (table->self().boot_id.empty())
        return;
    auto gone = process_identity{};
    {
        const headless_process process;
        gone = identity_of(process.pid());
    }
    CHECK(table->is_dead(gone));
    auto self = table->self();
    CHECK_FALSE(table->is_dead(self));
    ++self.start_time;
    CHECK(table->is_dead(self));
}

TEST_SUITE_END();
