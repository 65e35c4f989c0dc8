#include "store/writing.hpp"

#include "store/finding.hpp"

namespace cofila::store {

fenced_write update_progress(tables& db, const job_ref& job, const std::string& progress)
{
    const auto found = find_stored(db, job);
    return found ? db.write_progress(*found, progress) : fenced_write{};
}

fenced_write update_data(tables& db, const job_ref& job, const std::string& data)
{
    const auto found = find_stored(db, job);
    return found ? db.write_data(*found, data) : fenced_write{};
}

fenced_write add_log(tables& db, const job_ref& job, const log_line& line, int keep)
{
    const auto found = find_stored(db, job);
    return found ? db.add_log(*found, line, keep) : fenced_write{};
}

}  // namespace cofila::store
