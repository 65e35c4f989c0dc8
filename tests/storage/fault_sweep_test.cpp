// F26, F30-F32: each operation on a file fails, one after the other, once and for ever.
#include <doctest/doctest.h>

#include <cstdio>
#include <filesystem>

#include "storage/fault_files.hpp"
#include "storage/short_life.hpp"

namespace fs = std::filesystem;
using namespace cofila;
using namespace cofila::test;

namespace {

struct tally {
    int cases = 0;
    int told = 0;  ///< Cases in which the failure reached a caller.
    findings found{};
};

/// One life with one fault. False: there are not so many operations of this kind.
bool run_case(fault_files::plan faults, tally& count)
{
    const temp_folder folder;
    const auto clock = std::make_shared<manual_clock>();
    fault_files files{clock};
    auto options = connecting(folder.file("jobs.db"));
    options.durability = durability::full;
    options.clock = clock;
    options.reserve = 64 * 1024;
    auto as_killed = options;
    as_killed.path = folder.file("killed.db");
    findings found;
    {
        short_life life{options, clock};
        files.expect(faults);
        life.live();
        // What is on the disk now is what a process that is killed leaves behind.
        for (const auto* file : {"", "-wal"})
            if (fs::exists(options.path + file))
                fs::copy_file(options.path + file, as_killed.path + file);
        life.close();
        files.heal();
        found += inspect(as_killed, life.told_so_far());
        found += inspect(options, life.told_so_far());
    }
    if (files.hits() == 0)
        return false;
    INFO(
        name_of(faults.kind), ", operation ", faults.nth, faults.for_ever ? " and all later ones" : "", "\n", found.text
    );
    CHECK_FALSE(found.any());
    ++count.cases;
    count.found += found;
    return true;
}

}  // namespace

TEST_SUITE_BEGIN("fault sweep");

TEST_CASE("F26 F30 F31 F32: whatever operation on the file fails, nothing acknowledged is lost and nothing is torn")
{
    tally count;
    for (int kind = 0; kind < fault_kinds; ++kind)
        for (const bool for_ever : {false, true})
            for (long n = 1; run_case({.kind = static_cast<fault>(kind), .nth = n, .for_ever = for_ever}, count); ++n)
                ;
    std::printf(
        "fault VFS: %d cases, %d lost, %d torn, %d unexpected, %d corrupt, %d ghost commits (all answered as "
        "unknown)\n",
        count.cases,
        count.found.lost,
        count.found.torn,
        count.found.unexpected,
        count.found.corrupt,
        count.found.ghosts
    );
    CHECK(count.cases >= 2000);
}

TEST_SUITE_END();
