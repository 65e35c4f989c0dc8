#pragma once
#include <sqlite3.h>

#include <vector>

#include "job_row.hpp"

namespace cofila::sim {

/// Makes a connection tell of each row that its statements change, in order. Triggers of this connection alone: the
/// file does not know of them.
void audit(sqlite3* connection);

/// While it lives, what audited connections tell goes to `out`; then to the one before it again.
class capture {
public:
    explicit capture(std::vector<row_change>& out);
    capture(const capture&) = delete;
    capture& operator=(const capture&) = delete;
    ~capture();

private:
    std::vector<row_change>* const before_;
};

/// All that a look at the file finds.
stored_state read_state(sqlite3* connection);

}  // namespace cofila::sim
