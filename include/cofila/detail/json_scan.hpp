#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

/// For texts that need no parser. Not part of the interface.
namespace cofila::detail {

/// Walks over plain JSON text, at a small part of a parser's cost. Plain is what most encoders write: no spaces, no
/// escapes, only ASCII, no fractions, and numbers of at most 18 digits. Each function passes a piece and returns true,
/// or stays and returns false if something else follows, which then is for a parser to read or to refuse.
class json_scan {
public:
    explicit json_scan(std::string_view text) noexcept : rest_{text} {}

    bool at_end() const noexcept { return rest_.empty(); }
    bool pass(char c) noexcept
    {
        if (!rest_.starts_with(c))
            return false;
        rest_.remove_prefix(1);
        return true;
    }
    bool pass(std::string_view word) noexcept
    {
        if (!rest_.starts_with(word))
            return false;
        rest_.remove_prefix(word.size());
        return true;
    }
    bool pass_text(std::string_view& text) noexcept;
    bool pass_number(std::int64_t& number) noexcept;
    /// A member's name, and the colon.
    bool pass_key(std::string_view& name) noexcept { return pass_text(name) && pass(':'); }

private:
    std::string_view rest_;
};

/// The length of what `text` begins with and a JSON string holds as it is: ASCII without control characters, quotes and
/// backslashes.
std::size_t plain_length(std::string_view text) noexcept;

/// Whether it is one value of plain JSON, less than 64 levels deep.
bool is_plain_json(std::string_view text) noexcept;

}  // namespace cofila::detail
