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
/// text, so that they fit any type of number.
class parameters {
public:
    /// Of texts, bytes and arrays. Any driver can send the form `text`.
    enum class form { binary, text };

    parameters() = default;
    // NOLINTNEXTLINE(performance-noexcept-move-constructor): that of a deque may need memory
    parameters(parameters&&) = default;  // addresses stay
    parameters& operator=(parameters&&) = default;
    template <class... Values>
    explicit parameters(form chosen, const Values&... values) : form_{chosen}
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
    template <class Values>
    void put_array(std::int64_t type, const Values& values);

    form form_ = form::binary;
    std::vector<const char*> values_{};
    std::vector<int> lengths_{};
    std::vector<int> formats_{};
    std::deque<std::string> own_{};  // keeps addresses
};

}  // namespace cofila::postgres
