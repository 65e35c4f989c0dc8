#pragma once
#include <cofila/error.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

/// What the targets share. Each defines `LLVMFuzzerTestOneInput`: libFuzzer calls it, or replay.cpp does.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace cofila::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size)
{
    return {reinterpret_cast<const char*>(data), size};
}

/// Takes values from the bytes, and zeros when they are used up.
class reader {
public:
    reader(const std::uint8_t* data, std::size_t size) : left_{text_of(data, size)} {}

    bool empty() const { return left_.empty(); }

    template <class T>
    T take()
    {
        T value{};
        const auto held = take_bytes(sizeof value);
        std::memcpy(&value, held.data(), held.size());
        return value;
    }
    std::string_view take_bytes(std::size_t count)
    {
        const auto out = left_.substr(0, std::min(count, left_.size()));
        left_.remove_prefix(out.size());
        return out;
    }
    std::string_view rest() { return take_bytes(left_.size()); }

private:
    std::string_view left_;
};

inline void require(bool holds, const char* promise)
{
    if (holds)
        return;
    std::fprintf(stderr, "broken promise: %s\n", promise);
    std::abort();
}

/// Runs `work`, which may fail, but only with this code. True: it did not.
template <class Work>
bool succeeds_or(errc code, Work work)
{
    try {
        work();
        return true;
    } catch (const error& e) {
        require(e.code() == code, "it fails as it is documented");
    }
    return false;
}

}  // namespace cofila::fuzz
