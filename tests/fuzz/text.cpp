// Texts of failures, logs and names.
#include "domain/text.hpp"

#include "domain/validation.hpp"
#include "fuzz/input.hpp"

using namespace cofila;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const auto text = fuzz::text_of(data, size);
    const bool good = domain::is_utf8(text);

    const auto stored = domain::storable_text(std::string{text});
    fuzz::require(domain::is_utf8(stored), "what is stored is UTF-8");
    fuzz::require(stored.size() <= domain::text_limit, "what is stored has a limit");
    fuzz::require(stored.find('\0') == std::string::npos, "what is stored has no zero byte");
    const bool storable = good && size <= domain::text_limit && text.find('\0') == std::string_view::npos;
    fuzz::require(!storable || stored == text, "text that can be stored is kept as it is");

    const auto printed = domain::printable_text(text);
    fuzz::require(domain::is_utf8(printed), "what is printed is UTF-8");
    fuzz::require(!domain::has_control_characters(printed), "what is printed does nothing");
    fuzz::require(size > domain::text_limit || domain::printable_text(printed) == printed, "once is enough");

    if (fuzz::succeeds_or(errc::invalid_argument, [&] { domain::check_name("name", text); })) {
        fuzz::require(good && !text.empty() && size <= domain::max_name_bytes, "a name has its length");
        fuzz::require(!domain::has_control_characters(text), "a name has no control characters");
    }
    return 0;
}
