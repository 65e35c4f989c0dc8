#include "hash.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <stdexcept>

namespace sample {

namespace {

void require(int ok)
{
    if (ok != 1)
        throw std::runtime_error("OpenSSL cannot compute SHA-256");
}

}  // namespace

sha256::sha256() : context_{EVP_MD_CTX_new()} { require(EVP_DigestInit_ex(context_, EVP_sha256(), nullptr)); }

sha256::~sha256() { EVP_MD_CTX_free(context_); }

void sha256::update(std::string_view bytes) { require(EVP_DigestUpdate(context_, bytes.data(), bytes.size())); }

std::string sha256::finish()
{
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    require(EVP_DigestFinal_ex(context_, digest.data(), &size));
    return fmt::format("{:02x}", fmt::join(digest.data(), digest.data() + size, ""));
}

}  // namespace sample
