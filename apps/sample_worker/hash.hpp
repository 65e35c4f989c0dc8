#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace sample {

/// SHA-256, piece by piece.
class sha256 {
public:
    sha256();
    ~sha256();
    sha256(const sha256&) = delete;
    sha256& operator=(const sha256&) = delete;

    void update(std::string_view bytes);
    /// 64 hexadecimal digits. Once only.
    std::string finish();

private:
    evp_md_ctx_st* context_;
};

}  // namespace sample
