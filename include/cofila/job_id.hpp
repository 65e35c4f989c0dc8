#pragma once
#include <cofila/detail/compiler.hpp>

#include <compare>
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>

namespace cofila {

/// Identifies one job of a queue. A generated id is a UUID of version 8, text of 36 characters. It begins with the
/// job's place in the store, so generated ids sort in the order in which the jobs were added. An id chosen by the
/// caller is 1 to 200 bytes of UTF-8 without control characters; this is checked when the id is used.
class job_id {
public:
    job_id() = default;  ///< An empty id, which identifies no job.
    job_id(std::string text) : text_{std::move(text)} {}
    job_id(std::string_view text) : text_{text} {}
    job_id(const char* text) : text_{text} {}

    const std::string& str() const noexcept { return text_; }
    bool empty() const noexcept { return text_.empty(); }

    friend bool operator==(const job_id&, const job_id&) = default;
    friend std::strong_ordering operator<=>(const job_id&, const job_id&) = default;

private:
    std::string text_;
};

std::ostream& operator<<(std::ostream& out, const job_id& id);

}  // namespace cofila

template <>
struct std::hash<cofila::job_id> {
    std::size_t operator()(const cofila::job_id& id) const noexcept { return std::hash<std::string>{}(id.str()); }
};
