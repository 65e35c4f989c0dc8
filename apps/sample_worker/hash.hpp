#pragma once
#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace sample {

/// SHA-256, piece by piece.
class sha256 {
public:
    sha256();

    void update(std::string_view bytes);
    /// Returns 64 hexadecimal digits. Call once.
    std::string finish();

private:
    struct free_context {
        void operator()(evp_md_ctx_st* context) const noexcept;
    };
    std::unique_ptr<evp_md_ctx_st, free_context> context_;
};

}  // namespace sample
