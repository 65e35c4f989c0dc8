#pragma once
#include <cofila/decoding.hpp>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/storage_ptr.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

/// What the codec's templates share: compiled functions, and the place in a document. Not part of the interface.
namespace cofila {

class error;

namespace detail {

/// The codec's place in a document; lives on the stack of the recursion.
struct json_path {
    /// As many objects and arrays may be within each other. `open` enforces it for what is written, be it empty or
    /// not; for what is read the parser does.
    static constexpr std::size_t most_levels = 64;

    const json_path* parent = nullptr;
    std::optional<std::string_view> name{};  // unset for an element of a list
    std::size_t index = 0;
    std::size_t level = 0;
    decoding how = decoding::lenient;

    json_path member(std::string_view of) const { return below({.parent = this, .name = of}); }
    json_path element(std::size_t at) const { return below({.parent = this, .index = at}); }
    std::string str() const;
    /// Throws if no object or array may begin at this place.
    void open() const
    {
        if (level >= most_levels)
            too_deep();
    }

private:
    [[noreturn]] void too_deep() const;
    json_path below(json_path inner) const
    {
        inner.level = level + 1;
        inner.how = how;
        return inner;
    }
};

/// Memory for a document that lives no longer than the conversion: a small one needs no allocation.
class scratch {
public:
    boost::json::storage_ptr memory() noexcept { return &resource_; }

private:
    std::array<unsigned char, 2048> buffer_;
    boost::json::monotonic_resource resource_{buffer_.data(), buffer_.size()};
};

[[noreturn]] void undecodable(const json_path& path, std::string_view why);
[[noreturn]] void unencodable(const json_path& path, std::string_view why);
[[noreturn]] void rethrow_as(std::string_view field, const error& current);
boost::json::value parse_payload(std::string_view text, boost::json::storage_ptr memory = {});
std::string serialize_payload(const boost::json::value& value);

// These append to `out`.
void write_value(std::string& out, const boost::json::value& value, const json_path& path);
void write_text(std::string& out, std::string_view text);
void write_number(std::string& out, std::int64_t number);
void write_number(std::string& out, std::uint64_t number);
/// A member's name, and the colon.
void write_key(std::string& out, std::string_view name);

/// Throws unless `from` has a member of this struct and no others. For `decoding::strict`.
void check_members(const boost::json::object& source, std::span<const std::string_view> known, const json_path& path);
/// Returns the text. Throws unless `from` is a string.
std::string_view read_text(const boost::json::value& source, const json_path& path);
/// Returns the array. Throws unless `from` is an array of this length.
const boost::json::array& fixed_array(const boost::json::value& source, std::size_t size, const json_path& path);
/// Throws unless the bytes are UTF-8, which file names need not be.
void check_file_name(std::string_view bytes, const json_path& path);

/// Seconds since 1970, and the rest in units of 10^-digits of a second (0 ... 18 digits).
struct moment {
    std::int64_t seconds = 0;
    std::int64_t fraction = 0;
};
/// Returns the time in RFC 3339 format, as in `2030-01-01T09:30:00.250Z`, with all the digits. Throws outside of the
/// years 0 to 9999.
std::string moment_text(moment when, int digits, const json_path& path);
/// Reads a time in that format. Throws if the text is something else or is finer than `digits` can hold.
moment read_moment(const boost::json::value& source, int digits, const json_path& path);

}  // namespace detail
}  // namespace cofila
