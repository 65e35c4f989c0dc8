// The binary form of an array: the number of dimensions, whether elements may be NULL, the type of the elements, the
// number of elements and the index of the first; then each element, as its length (-1: NULL) and its bytes. All numbers
// have 4 bytes, the most significant first. An empty array has no dimension. Its form as text: {1,NULL,"a \"b\""}.
#include "postgres/parameters.hpp"

#include "domain/generated_id.hpp"

namespace cofila::postgres {

namespace {

constexpr int text_format = 0;
constexpr int binary_format = 1;

// Of the catalogue pg_type; they never change.
constexpr std::int64_t type_of_booleans = 16;
constexpr std::int64_t type_of_numbers = 20;
constexpr std::int64_t type_of_texts = 25;

void append_number(std::string& out, std::int64_t value, int length)
{
    for (int shift = 8 * (length - 1); shift >= 0; shift -= 8)
        out += static_cast<char>(value >> shift & 0xFF);
}

void append_element(std::string& out, std::int64_t value)
{
    append_number(out, 8, 4);
    append_number(out, value, 8);
}

void append_element(std::string& out, bool value)
{
    append_number(out, 1, 4);
    append_number(out, value ? 1 : 0, 1);
}

void append_element(std::string& out, const std::string& text)
{
    append_number(out, static_cast<std::int64_t>(text.size()), 4);
    out += text;
}

template <class T>
void append_element(std::string& out, const std::optional<T>& value)
{
    value ? append_element(out, *value) : append_number(out, -1, 4);
}

template <class Values>
std::string array_of(std::int64_t type, const Values& values)
{
    std::string out;
    append_number(out, values.empty() ? 0 : 1, 4);
    append_number(out, 1, 4);
    append_number(out, type, 4);
    if (values.empty())
        return out;
    append_number(out, static_cast<std::int64_t>(values.size()), 4);
    append_number(out, 1, 4);
    for (const auto& value : values)
        append_element(out, value);
    return out;
}

std::string as_text(std::int64_t value) { return std::to_string(value); }

std::string as_text(bool value) { return value ? "t" : "f"; }

std::string as_text(const std::string& text)
{
    std::string out{'"'};
    for (const char c : text) {
        if (c == '"' || c == '\\')
            out += '\\';
        out += c;
    }
    return out + '"';
}

template <class T>
std::string as_text(const std::optional<T>& value)
{
    return value ? as_text(*value) : "NULL";
}

template <class Values>
std::string text_of_array(const Values& values)
{
    std::string out{'{'};
    for (const auto& value : values) {
        if (out.size() > 1)
            out += ',';
        out += as_text(value);
    }
    return out + '}';
}

}  // namespace

void parameters::put_null()
{
    values_.push_back(nullptr);
    lengths_.push_back(0);
    formats_.push_back(text_format);
}

void parameters::put_own(std::string value, int format)
{
    const auto& kept = own_.emplace_back(std::move(value));
    values_.push_back(kept.c_str());
    lengths_.push_back(static_cast<int>(kept.size()));
    formats_.push_back(format);
}

void parameters::put(std::int64_t value) { put_own(std::to_string(value), text_format); }

void parameters::put(bool value) { put_own(value ? "t" : "f", text_format); }

void parameters::put(std::string_view text)
{
    if (form_ == form::text)
        return put_own(std::string{text}, text_format);
    values_.push_back(text.data() ? text.data() : "");
    lengths_.push_back(static_cast<int>(text.size()));
    formats_.push_back(binary_format);
}

void parameters::put(const std::string* text) { text ? put(*text) : put_null(); }

void parameters::put(const bytes& what)
{
    if (what.value.empty())
        return put_null();
    form_ == form::text ? put_own("\\x" + domain::to_hex(what.value), text_format) : put(what.value);
}

template <class Values>
void parameters::put_array(std::int64_t type, const Values& values)
{
    if (form_ == form::text)
        put_own(text_of_array(values), text_format);
    else
        put_own(array_of(type, values), binary_format);
}

void parameters::put(std::span<const std::int64_t> values) { put_array(type_of_numbers, values); }

void parameters::put(std::span<const std::string> values) { put_array(type_of_texts, values); }

void parameters::put(std::span<const std::optional<std::int64_t>> values) { put_array(type_of_numbers, values); }

void parameters::put(std::span<const std::optional<std::string>> values) { put_array(type_of_texts, values); }

void parameters::put(const std::vector<bool>& values) { put_array(type_of_booleans, values); }

}  // namespace cofila::postgres
