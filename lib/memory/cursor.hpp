#pragma once
#include <cofila/job_id.hpp>
#include <cofila/job_state.hpp>
#include <cofila/queue_types.hpp>

#include <cstdint>
#include <string>
#include <string_view>

#include "memory/stored_queue.hpp"

/// The texts behind `page::next`: where the page before ended. A text that was not made for the listing it comes with
/// is `errc::invalid_argument`, field `after`.
namespace cofila::memory {

std::string to_cursor(job_state state, const place& at);
place place_from(job_state state, std::string_view cursor);

std::string to_cursor(const job_id& id);
job_id id_from(std::string_view cursor);

std::string to_cursor(std::int64_t log_number);
std::int64_t log_number_from(std::string_view cursor);

}  // namespace cofila::memory
