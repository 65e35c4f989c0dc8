// The reserve is whole or empty, whichever process makes it, frees it or dies over it.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "sqlite/reserve.hpp"
#include "storage/in_child.hpp"
#include "support/temp_folder.hpp"

namespace fs = std::filesystem;
using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("reserve");

namespace {

constexpr std::uintmax_t size = 1024 * 1024;
const std::optional<sqlite::store_file> no_database{};

struct place {
    temp_folder folder{};
    std::string path = folder.file("jobs.db");
    std::string made = path + "-reserve";
    std::string draft = path + "-reserve-new";

    sqlite::reserve open() const { return {path, size, no_database}; }
};

/// Makes the reserve in a process that is killed when it has half of it.
std::string die_half_way(const place& in)
{
    return in_child([&] {
        const rlimit no_core{};
        ::setrlimit(RLIMIT_CORE, &no_core);
        const rlimit half{.rlim_cur = size / 2, .rlim_max = size / 2};
        ::setrlimit(RLIMIT_FSIZE, &half);
        return std::string{in.open().keep() ? "kept" : "not kept"};
    });
}

}  // namespace

TEST_CASE("a process that is killed while it makes the reserve leaves none, and the next one makes it")
{
    const place in;
    CHECK(die_half_way(in).starts_with("died"));
    CHECK_FALSE(fs::exists(in.made));
    CHECK(in.open().keep());
    CHECK(fs::file_size(in.made) == size);
    CHECK_FALSE(fs::exists(in.draft));
}

TEST_CASE("one that is killed while it makes the reserve again leaves the empty file, which says that the disk was full"
)
{
    const place in;
    std::ofstream{in.made};
    CHECK(die_half_way(in).starts_with("died"));
    CHECK(fs::file_size(in.made) == 0);
    CHECK(in.open().keep());
    CHECK(fs::file_size(in.made) == size);
}

TEST_CASE("the draft of a process that lives is left to it, and that of a dead one goes with the reserve")
{
    const place in;
    const int other = ::open(in.draft.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    REQUIRE(::flock(other, LOCK_EX) == 0);
    REQUIRE(::ftruncate(other, size / 2) == 0);
    auto ours = in.open();
    CHECK_FALSE(ours.keep());
    CHECK_FALSE(ours.release());
    CHECK(fs::file_size(in.draft) == size / 2);
    CHECK_FALSE(fs::exists(in.made));
    ::close(other);
    CHECK_FALSE(ours.release());
    CHECK_FALSE(fs::exists(in.draft));
    std::ofstream{in.draft} << "rest";
    CHECK(ours.keep());
    CHECK_FALSE(fs::exists(in.draft));
    std::ofstream{in.draft} << "rest";
    ours.remove();
    CHECK(fs::is_empty(in.folder.path()));
}

TEST_CASE("a link of the reserve's name is neither followed nor replaced")
{
    const place in;
    const auto target = in.folder.file("other");
    fs::create_symlink(target, in.made);
    CHECK_FALSE(in.open().keep());
    CHECK(fs::is_symlink(in.made));
    CHECK_FALSE(fs::exists(target));
}

TEST_CASE("several at once make it and free it, and it is never anything in between")
{
    const place in;
    std::atomic<int> wrong{0};
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            auto ours = in.open();
            for (int n = 0; n < 200; ++n) {
                (void)(n % 2 == 0 ? ours.keep() : ours.release());
                std::error_code failed;
                const auto found = fs::file_size(in.made, failed);
                wrong += !failed && found != 0 && found != size ? 1 : 0;
            }
        });
    threads.clear();
    CHECK(wrong == 0);
    CHECK(in.open().keep());
    CHECK_FALSE(fs::exists(in.draft));
}

TEST_SUITE_END();
