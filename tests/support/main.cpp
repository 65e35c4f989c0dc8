// Counts even if the header has been read before, as a part of a precompiled one.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "support/postgres_cluster.hpp"

namespace {

/// By which a test tells meson that it was skipped.
constexpr int skipped = 77;

}  // namespace

int main(int argc, char** argv)
{
    const bool needs_server = std::getenv("COFILA_NEEDS_POSTGRES") != nullptr;
    if (const auto why = cofila::test::why_no_postgres(); needs_server && !why.empty()) {
        std::printf("skipped: %s\n", why.c_str());
        return skipped;
    }
    return doctest::Context{argc, argv}.run();
}
