#include "store/cursor.hpp"

#include <cofila/error.hpp>

#include <charconv>

namespace cofila::store {

void refuse_cursor() { throw error{errc::invalid_argument, "after", "is not the end of a page of this listing"}; }

listing_place parse_place(char listing, const page_request& request)
{
    const auto& text = request.after;
    if (text.empty())
        return listing_place::before_all(request.newest_first);
    if (text.front() != listing)
        refuse_cursor();
    listing_place out;
    const auto* const end = text.data() + text.size();
    const auto first = std::from_chars(text.data() + 1, end, out.first);
    if (first.ec != std::errc{} || first.ptr == end || *first.ptr != ':')
        refuse_cursor();
    const auto second = std::from_chars(first.ptr + 1, end, out.second);
    if (second.ec != std::errc{} || second.ptr != end)
        refuse_cursor();
    return out;
}

std::string to_text(char listing, const listing_place& at)
{
    return listing + std::to_string(at.first) + ":" + std::to_string(at.second);
}

std::string parse_text(char listing, const page_request& request)
{
    if (!request.after.empty() && request.after.front() != listing)
        refuse_cursor();
    return request.after.empty() ? std::string{} : request.after.substr(1);
}

}  // namespace cofila::store
