#include "support/postgres_cluster.hpp"

#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <vector>

#include "support/child_process.hpp"
#include "support/temp_folder.hpp"

namespace cofila::test {

namespace fs = std::filesystem;

namespace {

using words = std::vector<std::string>;

/// The folder of the newest server's programs; empty if there is none.
std::string folder_of_programs()
{
    std::vector<fs::path> found;
    std::error_code missing;
    for (const auto& version : fs::directory_iterator{"/usr/lib/postgresql", missing})
        if (fs::exists(version.path() / "bin/initdb") && fs::exists(version.path() / "bin/postgres"))
            found.push_back(version.path() / "bin");
    const auto older = [](const fs::path& a, const fs::path& b) {
        return std::stoi(a.parent_path().filename()) < std::stoi(b.parent_path().filename());
    };
    return found.empty() ? "" : std::ranges::max_element(found, older)->string();
}

/// A server refuses to run as root.
const char* const other_user = ::geteuid() == 0 ? "postgres" : nullptr;

const char* given_target() { return std::getenv("COFILA_TEST_POSTGRES"); }

}  // namespace

std::string why_no_postgres()
{
    if (given_target() || !folder_of_programs().empty())
        return {};
    return "there is no PostgreSQL server in /usr/lib/postgresql (install postgresql), and COFILA_TEST_POSTGRES names "
           "none";
}

std::string postgres_target()
{
    if (const char* const given = given_target())
        return given;
    static postgres_cluster started;
    started.drop_log();
    return started.target();
}

postgres_cluster::postgres_cluster()
{
    make("initdb", {"-D", data_, "-U", "tester", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"});
    start();
}

postgres_cluster::postgres_cluster(standby_of what)
{
    make("pg_basebackup", {"-D", data_, "-h", what.primary.folder(), "-U", "tester", "-R", "-c", "fast", "--no-sync"});
    start();
}

postgres_cluster::~postgres_cluster()
{
    if (running_)
        crash();
}

void postgres_cluster::crash()
{
    running_->send(SIGQUIT);
    running_->wait();
    running_.reset();
}

void postgres_cluster::start()
{
    words command{"/bin/sh", "-c", "exec \"$0\" \"$@\" 2>&1"};  // what it logs goes to standard error
    const auto server = bound_to_us("QUIT", {folder_of_programs() + "/postgres", "-D", data_, "-k", folder()});
    command.insert(command.end(), server.begin(), server.end());
    for (const auto* setting :
         {"listen_addresses=",
          "fsync=off",
          "full_page_writes=off",
          "log_min_messages=log",
          "log_min_error_statement=panic",
          "log_checkpoints=off",
          "log_line_prefix="}) {
        command.emplace_back("-c");
        command.emplace_back(setting);
    }
    running_.emplace(command);
    running_->read_until("LOG:  database system is ready");
}

void postgres_cluster::make(const std::string& program, const std::vector<std::string>& arguments)
{
    give_away(folder());
    words command{folder_of_programs() + "/" + program};
    command.insert(command.end(), arguments.begin(), arguments.end());
    child_process making{bound_to_us("KILL", command)};
    const auto said = making.read_rest();
    if (making.wait() != 0)
        throw std::runtime_error{program + " failed: " + said};
}

void give_away(const std::string& folder)
{
    if (!other_user)
        return;
    const auto* const user = ::getpwnam(other_user);
    if (!user || ::chown(folder.c_str(), user->pw_uid, user->pw_gid) != 0)
        throw std::runtime_error{"there is no user postgres to run the server as"};
}

words bound_to_us(const std::string& signal, const words& command)
{
    words out{"/usr/bin/setpriv", "--pdeathsig=" + signal};
    if (other_user)
        for (const auto* option : {"--reuid=", "--regid="})
            out.push_back(std::string{option} + other_user);
    if (other_user)
        out.emplace_back("--init-groups");
    out.insert(out.end(), command.begin(), command.end());
    return out;
}

}  // namespace cofila::test
