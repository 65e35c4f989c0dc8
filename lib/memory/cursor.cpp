#include "memory/cursor.hpp"

#include <cofila/error.hpp>

#include <charconv>

namespace cofila::memory {

namespace {

// Letters beside those of `domain::listing`.
constexpr char queue_letter = 'q';
constexpr char id_letter = 'i';
constexpr char log_letter = 'l';

[[noreturn]] void refuse()
{
    throw error{errc::invalid_argument, "after", "is not the `next` of a page of this listing"};
}

std::string_view behind_letter(char letter, std::string_view cursor)
{
    if (cursor.empty() || cursor.front() != letter)
        refuse();
    return cursor.substr(1);
}

std::int64_t number_from(std::string_view text)
{
    std::int64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc{} || end != text.data() + text.size())
        refuse();
    return number;
}

}  // namespace

std::string to_cursor(char listing, const place& at)
{
    return listing + std::to_string(at.first) + ',' + std::to_string(at.second);
}

place place_from(char listing, std::string_view cursor)
{
    const auto text = behind_letter(listing, cursor);
    const auto comma = text.find(',');
    if (comma == std::string_view::npos)
        refuse();
    return {number_from(text.substr(0, comma)), number_from(text.substr(comma + 1))};
}

std::string to_queue_cursor(const std::string& name) { return queue_letter + name; }

std::string queue_from(std::string_view cursor) { return std::string{behind_letter(queue_letter, cursor)}; }

std::string to_cursor(const job_id& id) { return id_letter + id.str(); }

job_id id_from(std::string_view cursor) { return job_id{behind_letter(id_letter, cursor)}; }

std::string to_cursor(std::int64_t log_number) { return log_letter + std::to_string(log_number); }

std::int64_t log_number_from(std::string_view cursor) { return number_from(behind_letter(log_letter, cursor)); }

}  // namespace cofila::memory
