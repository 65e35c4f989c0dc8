#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

namespace cofila::test {

/// Another program, its standard input and output in our hands. What still runs at the end of the scope is killed.
class child_process {
public:
    explicit child_process(std::vector<std::string> command);
    child_process(const child_process&) = delete;
    child_process& operator=(const child_process&) = delete;
    ~child_process();

    /// The next line of its output, without the line break; throws at the end, and after COFILA_TEST_BOUND seconds.
    std::string read_line();
    /// Reads up to a line that begins so, and gives it.
    std::string read_until(const std::string& beginning);
    /// All that it still writes, until it ends.
    std::string read_rest();
    /// The lines that are there, without waiting for more.
    std::vector<std::string> take_lines();
    /// For poll(): readable once it has written or ended.
    int output() const { return output_; }
    /// True once all has been read, and it has ended.
    bool ended() const { return ended_; }
    void write_line(const std::string& line);

    void send(int signal);
    pid_t pid() const { return pid_; }
    /// Its exit code, or 128 + the signal that ended it.
    int wait();

private:
    bool fill();

    pid_t pid_ = -1;
    int input_ = -1;
    int output_ = -1;
    std::string read_{};
    bool ended_ = false;
};

/// The program of this name that the build passes in the environment; throws where it is missing.
std::string program(const char* variable);

}  // namespace cofila::test
