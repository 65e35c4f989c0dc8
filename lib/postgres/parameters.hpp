#pragma once
#include <cofila/time.hpp>

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cofila::postgres {

/// Bytes of a bytea; none stand for NULL.
struct bytes {
    std::string_view value;
};

/// The values of a statement's parameters, in the form in which they are sent. Texts must outlive it. Numbers go as
/// text, so that they fit any type of number; texts, bytes and arrays go in binary form.
class parameters {
public:
    template <class... Values>
    explicit parameters(const Values&... values)
    {
        (put(values), ...);
    }

    int count() const noexcept { return static_cast<int>(values_.size()); }
    const char* const* values() const noexcept { return values_.data(); }
    const int* lengths() const noexcept { return lengths_.data(); }
    const int* formats() const noexcept { return formats_.data(); }

private:
    void put(std::int64_t value);
    void put(int value) { put(std::int64_t{value}); }
    void put(bool value);
    void put(std::string_view text);
    void put(const std::string& text) { put(std::string_view{text}); }
    void put(const char*) = delete;  // would be taken for a bool
    void put(const std::string* text);
    void put(time_point value) { put(std::int64_t{value.time_since_epoch().count()}); }
    void put(milliseconds value) { put(std::int64_t{value.count()}); }
    void put(const bytes& what);
    template <class T>
    void put(const std::optional<T>& value)
    {
        value ? put(*value) : put_null();
    }
    void put(std::span<const std::int64_t> values);
    void put(std::span<const std::string> values);
    void put(std::span<const std::optional<std::int64_t>> values);
    void put(std::span<const std::optional<std::string>> values);
    void put(const std::vector<bool>& values);
    template <class T>
    void put(const std::vector<T>& values)
    {
        put(std::span<const T>{values});
    }

    void put_null();
    void put_own(std::string value, int format);

    std::vector<const char*> values_{};
    std::vector<int> lengths_{};
    std::vector<int> formats_{};
    std::deque<std::string> own_{};  // keeps addresses
};

}  // namespace cofila::postgres
