#pragma once
#include <cofila/queue_types.hpp>

#include <string>

#include "store/values.hpp"

/// Cursors of pages. Each begins with the letter of its listing, so that one of another listing is refused.
namespace cofila::store {

/// Throws `errc::invalid_argument`, field `after`.
[[noreturn]] void refuse_cursor();
/// Where the page is to begin. Throws as `refuse_cursor` for a cursor of another listing.
listing_place parse_place(char listing, const page_request& request);
std::string to_text(char listing, const listing_place& at);
/// The text behind the letter of a cursor that is a text; empty for the first page.
std::string parse_text(char listing, const page_request& request);

}  // namespace cofila::store
