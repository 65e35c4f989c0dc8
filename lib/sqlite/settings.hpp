#pragma once
#include <cofila/repository/job_repository.hpp>

#include <cstdint>
#include <string>

#include "sqlite/session.hpp"

/// What is set for a queue, for all processes.
namespace cofila::sqlite {

struct stored_settings {
    queue_limits limits{};
    bool grouped = false;  ///< It has, or had, a job with a group.
};

stored_settings read_settings(session& with, std::int64_t queue);
queue_limits read_limits(session& with, std::int64_t queue);
void set_limit(session& with, const std::string& queue, const queue_setting& what);
/// Returns false if the queue was in that state already.
bool set_paused(session& with, const std::string& queue, bool paused);
bool is_paused(session& with, const std::string& queue);
bool reset_queue(session& with, const std::string& queue);

}  // namespace cofila::sqlite
