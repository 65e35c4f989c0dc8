#pragma once
#include <cofila/job_id.hpp>
#include <cofila/queue_types.hpp>

#include <cstdint>
#include <string>
#include <string_view>

#include "memory/stored_queue.hpp"

/// The texts behind `page::next`: where a page ended. A text that was made for another listing is refused:
/// `errc::invalid_argument`, field `after`.
namespace cofila::memory {

/// `listing` is the letter of a `domain::listing`.
std::string to_cursor(char listing, const place& at);
place place_from(char listing, std::string_view cursor);

std::string to_queue_cursor(const std::string& name);
std::string queue_from(std::string_view cursor);

std::string to_cursor(const job_id& id);
job_id id_from(std::string_view cursor);

std::string to_cursor(std::int64_t log_number);
std::int64_t log_number_from(std::string_view cursor);

}  // namespace cofila::memory
