#include "domain/json_text.hpp"

#include <cofila/detail/json_scan.hpp>
#include <cofila/error.hpp>

#include <boost/json/basic_parser_impl.hpp>

#include <cmath>
#include <string>

namespace cofila::domain {

namespace {

/// Builds nothing. Sees each number once, to refuse one that would not be a number when it is read back.
struct checking_handler {
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

    using error_code = boost::system::error_code;
    using string_view = boost::json::string_view;
    bool finite = true;

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_array_begin(error_code&) { return true; }
    bool on_array_end(std::size_t, error_code&) { return true; }
    bool on_object_begin(error_code&) { return true; }
    bool on_object_end(std::size_t, error_code&) { return true; }
    bool on_string_part(string_view, std::size_t, error_code&) { return true; }
    bool on_string(string_view, std::size_t, error_code&) { return true; }
    bool on_key_part(string_view, std::size_t, error_code&) { return true; }
    bool on_key(string_view, std::size_t, error_code&) { return true; }
    bool on_number_part(string_view, error_code&) { return true; }
    bool on_int64(std::int64_t, string_view, error_code&) { return true; }
    bool on_uint64(std::uint64_t, string_view, error_code&) { return true; }
    bool on_double(double value, string_view, error_code&)
    {
        finite = finite && std::isfinite(value);
        return finite;
    }
    bool on_bool(bool, error_code&) { return true; }
    bool on_null(error_code&) { return true; }
    bool on_comment_part(string_view, error_code&) { return true; }
    bool on_comment(string_view, error_code&) { return true; }
};

}  // namespace

void check_json(std::string_view field, std::string_view text, std::size_t size_limit)
{
    if (text.size() > size_limit)
        throw error{
            errc::payload_too_large,
            std::string{field} + " has " + std::to_string(text.size()) + " bytes of JSON text; the limit is " +
                std::to_string(size_limit) + " (queue_options::size_limit)"
        };
    if (detail::is_plain_json(text))
        return;
    boost::json::parse_options options;
    options.max_depth = json_depth;
    boost::json::basic_parser<checking_handler> parser{options};
    boost::system::error_code failed;
    const auto used = parser.write_some(false, text.data(), text.size(), failed);
    if (!parser.handler().finite)
        throw error{
            errc::invalid_argument, field, "has a number that is not finite before byte " + std::to_string(used)
        };
    if (failed)
        throw error{
            errc::invalid_argument, field, "is not JSON at byte " + std::to_string(used) + ": " + failed.message()
        };
    if (used != text.size())
        throw error{errc::invalid_argument, field, "has text after the JSON value at byte " + std::to_string(used)};
}

}  // namespace cofila::domain
