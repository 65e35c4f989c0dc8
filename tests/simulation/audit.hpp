#pragma once
#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "job_row.hpp"
#include "sqlite/session.hpp"

namespace cofila::sim {

/// Makes the connection of a session report each change that its statements make to a job, a queue or a log, in order.
/// It uses triggers of this connection alone, which are not in the file. A move of a job takes several statements,
/// since each state has a table; it is reported once, when the key is put into the table of the new state.
void audit(sqlite::session& tx);

/// While it lives, audited connections report to `out`; afterwards to the previous capture again.
class capture {
public:
    explicit capture(std::vector<row_change>& out);
    capture(const capture&) = delete;
    capture& operator=(const capture&) = delete;
    ~capture();

    bool knows(std::int64_t key) const;
    void see(const job_row& row);   ///< As it is before the first statement that touches the job.
    void forget(std::int64_t key);  ///< A new job has this key.
    void move(const job_row& after, std::string options);
    void note_progress(std::int64_t key, bool other);
    void take_token(std::int64_t key);
    void remove(std::int64_t key);
    void note(row_change change);

private:
    std::vector<row_change>& out_;
    std::map<std::int64_t, job_row> known_{};  // as last reported
    capture* const before_;
};

/// All that a look at the file finds.
stored_state read_state(sqlite3* connection);

}  // namespace cofila::sim
