#include "ports/process_table.hpp"

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#ifdef __linux__
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#endif

namespace cofila {

namespace {

#ifdef __linux__

std::string first_line(const std::string& path)
{
    std::ifstream file{path};
    std::string line;
    std::getline(file, line);
    return line;
}

struct process_stat {
    char state = 0;
    std::uint64_t start_time = 0;
};

std::string folder_of(std::int64_t pid) { return "/proc/" + std::to_string(pid); }

/// Reads fields 3 and 22 of the file `stat` of a process or a thread. The second field is its name in parentheses,
/// which may contain anything, so counting starts behind the last parenthesis.
std::optional<process_stat> read_stat(const std::string& folder)
{
    std::ifstream file{folder + "/stat"};
    std::string text;
    std::getline(file, text, '\0');  // all of it; if the process ends just now it is empty, and nothing throws
    const auto name_end = text.rfind(')');
    if (name_end == std::string::npos)
        return {};
    std::istringstream fields{text.substr(name_end + 1)};
    process_stat out;
    std::string skipped;
    fields >> out.state;
    for (int field = 4; field < 22; ++field)
        fields >> skipped;
    fields >> out.start_time;
    return fields ? std::optional{out} : std::nullopt;
}

bool has_ended(const process_stat& stat) { return stat.state == 'Z' || stat.state == 'X'; }

/// Whether a thread lives: a process whose first thread has ended looks like a zombie while other threads live.
bool any_thread_lives(std::int64_t pid)
{
    namespace fs = std::filesystem;
    std::error_code failed;
    fs::directory_iterator thread{folder_of(pid) + "/task", failed};
    for (; !failed && thread != fs::directory_iterator{}; thread.increment(failed)) {
        const auto stat = read_stat(thread->path().string());
        if (stat && !has_ended(*stat))
            return true;
    }
    return failed && failed != std::errc::no_such_file_or_directory;  // then that is unknown
}

class linux_processes final : public process_table {
public:
    linux_processes()
    {
        self_.boot_id = first_line("/proc/sys/kernel/random/boot_id");
        struct stat space{};
        if (::stat("/proc/self/ns/pid", &space) == 0)
            self_.pid_namespace = space.st_ino;
        self_.pid = ::getpid();
        if (const auto stat = read_stat(folder_of(self_.pid)))
            self_.start_time = stat->start_time;
    }

    process_identity self() const override { return self_; }

    bool is_dead(const process_identity& process) const override
    {
        const bool comparable = !self_.boot_id.empty() && self_.pid_namespace != 0 && self_.start_time != 0 &&
                                process.boot_id == self_.boot_id && process.pid_namespace == self_.pid_namespace;
        if (!comparable || process.pid <= 0)
            return false;
        const auto stat = read_stat(folder_of(process.pid));
        if (!stat)  // gone, unless /proc hides the processes of other users
            return ::kill(static_cast<pid_t>(process.pid), 0) != 0 && errno == ESRCH;
        // A zombie holds nothing any more; another start time means another process.
        return stat->start_time != process.start_time || (has_ended(*stat) && !any_thread_lives(process.pid));
    }

private:
    process_identity self_{};
};

#endif

/// Knows no processes: the jobs of dead ones are rescued when their locks run out.
class no_processes final : public process_table {
public:
    process_identity self() const override { return {}; }
    bool is_dead(const process_identity&) const override { return false; }
};

}  // namespace

std::shared_ptr<process_table> system_process_table()
{
#ifdef __linux__
    return std::make_shared<linux_processes>();
#else
    return std::make_shared<no_processes>();
#endif
}

}  // namespace cofila
