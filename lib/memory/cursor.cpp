#include "memory/cursor.hpp"

#include <cofila/error.hpp>

#include <charconv>

namespace cofila::memory {

namespace {

// A letter for each listing, so that the cursor of one is refused by the others.
constexpr std::string_view letters = "wdachf";
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

std::string to_cursor(job_state state, const place& at)
{
    return letters[static_cast<std::size_t>(state)] + std::to_string(at.first) + ',' + std::to_string(at.second);
}

place place_from(job_state state, std::string_view cursor)
{
    const auto text = behind_letter(letters[static_cast<std::size_t>(state)], cursor);
    const auto comma = text.find(',');
    if (comma == std::string_view::npos)
        refuse();
    return {number_from(text.substr(0, comma)), number_from(text.substr(comma + 1))};
}

std::string to_cursor(const job_id& id) { return id_letter + id.str(); }

job_id id_from(std::string_view cursor) { return job_id{behind_letter(id_letter, cursor)}; }

std::string to_cursor(std::int64_t log_number) { return log_letter + std::to_string(log_number); }

std::int64_t log_number_from(std::string_view cursor) { return number_from(behind_letter(log_letter, cursor)); }

}  // namespace cofila::memory
