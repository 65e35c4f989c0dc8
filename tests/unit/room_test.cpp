#include "domain/room.hpp"
#include "support/print.hpp"

using namespace cofila::domain;

TEST_SUITE_BEGIN("room");

namespace {

constexpr std::uint64_t mebibyte = 1024 * 1024;

constexpr room with(reserve_state reserve, std::uint64_t on_disk, std::uint64_t in_file)
{
    return {.reserve = reserve, .on_disk = on_disk, .in_file = in_file, .reserve_size = 16 * mebibyte};
}

}  // namespace

TEST_CASE("the reserve is made where as much again stays free")
{
    CHECK(may_make_reserve(with(reserve_state::none, 32 * mebibyte, 0)));
    CHECK_FALSE(may_make_reserve(with(reserve_state::none, 32 * mebibyte - 1, 0)));
    CHECK_FALSE(may_make_reserve(with(reserve_state::none, 0, 1000 * mebibyte)));
}

TEST_CASE("jobs may be added while the reserve is there, and where none was ever needed")
{
    CHECK(may_add(with(reserve_state::kept, 0, 0)));
    CHECK(may_add(with(reserve_state::none, 0, 0)));
}

TEST_CASE("once the reserve was let go, jobs may be added again when there is room on the disk or inside the file")
{
    CHECK_FALSE(may_add(with(reserve_state::let_go, 0, 0)));
    CHECK_FALSE(may_add(with(reserve_state::let_go, 32 * mebibyte - 1, 4 * mebibyte)));
    CHECK(may_add(with(reserve_state::let_go, 32 * mebibyte, 0)));
    CHECK(may_add(with(reserve_state::let_go, 0, 4 * mebibyte + 1)));
}

TEST_SUITE_END();
