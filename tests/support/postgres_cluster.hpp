#pragma once
#include <optional>
#include <string>
#include <vector>

#include "support/child_process.hpp"
#include "support/temp_folder.hpp"

namespace cofila::test {

/// Why there is no PostgreSQL server for tests; empty if there is one.
std::string why_no_postgres();

/// The connection string of a server for tests: what COFILA_TEST_POSTGRES says, or a server in a temporary folder,
/// which this program starts with the first call and ends with itself. It can be reached on this machine alone, and
/// syncs nothing.
std::string postgres_target();

/// The command as the user that servers run as, which is killed with `signal` as soon as this program ends.
std::vector<std::string> bound_to_us(const std::string& signal, const std::vector<std::string>& command);
/// Makes the folder that user's.
void give_away(const std::string& folder);

/// A server in a temporary folder, which ends with the object.
class postgres_cluster {
public:
    struct standby_of {
        const postgres_cluster& primary;
    };

    postgres_cluster();
    explicit postgres_cluster(standby_of what);
    postgres_cluster(const postgres_cluster&) = delete;
    postgres_cluster& operator=(const postgres_cluster&) = delete;
    ~postgres_cluster();

    std::string folder() const { return folder_.path().string(); }
    /// Its database in which nothing is.
    std::string target() const { return "host=" + folder() + " user=tester dbname=postgres"; }

    /// Ends without a checkpoint, as `pg_ctl stop -m immediate` does.
    void crash();
    void start();
    /// Forgets what it has logged: a server waits while nobody reads that.
    void drop_log() { running_->take_lines(); }

private:
    void make(const std::string& program, const std::vector<std::string>& arguments);

    const temp_folder folder_{};
    const std::string data_ = folder_.file("data");
    std::optional<child_process> running_{};
};

}  // namespace cofila::test
