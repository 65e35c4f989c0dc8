// with_postgres COMMAND...: runs a command with COFILA_TEST_DATABASE set to the address of a server for tests, which is
// there as long as it runs. Without a server the test is skipped.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "support/child_process.hpp"
#include "support/postgres_cluster.hpp"

int main(int argc, char** argv)
{
    constexpr int skipped = 77;
    if (const auto why = cofila::test::why_no_postgres(); !why.empty() || argc < 2) {
        std::cerr << why << '\n';
        return skipped;
    }
    ::setenv("COFILA_TEST_DATABASE", cofila::test::postgres_target().c_str(), 1);
    const auto child = ::fork();
    if (child == 0) {
        ::execv(argv[1], argv + 1);
        return 127;
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
