#pragma once
#include <cofila/repository/job_record.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "store.hpp"

namespace copying {

/// A job with everything that belongs to it.
struct whole_job {
    cofila::job_record job{};
    std::vector<cofila::attempt> attempts{};
    std::vector<cofila::store::stored_line> log{};
};

/// Copies the jobs of a queue, one by one.
class queue_copy {
public:
    queue_copy(store& to, const std::string& name) : to_{to}, name_{name} {}

    /// Within a transaction. Returns false if a job of that id is there.
    bool add(const whole_job& source);

private:
    cofila::store::tables& db() const { return to_.connection->db(); }
    std::int64_t insert(std::int64_t queue, const cofila::job_record& source);
    void repeat(std::int64_t queue, std::int64_t key, const cofila::job_record& source);
    void keep_rest(std::int64_t queue, std::int64_t key, const whole_job& source);

    store& to_;
    const std::string& name_;
    std::map<std::int64_t, std::int64_t> owners_{};  // of deduplication ids: their keys here by those in the source
    std::int64_t position_ = 0;                      // of the job that was inserted last
};

}  // namespace copying
