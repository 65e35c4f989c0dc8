// F34, F35: the power fails, at each sync and after each commit.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "storage/fault_files.hpp"
#include "storage/power_history.hpp"
#include "support/share.hpp"

using namespace cofila;
using namespace cofila::test;

namespace {

struct tally {
    int points = 0;
    int damages = 0;
    int lost = 0;       ///< Acknowledged under `full`, and not there.
    int no_prefix = 0;  ///< Not what the store held after any commit.
    int corrupt = 0;
    int second_faults = 0;
};

/// 500 points and 3 damages, or what COFILA_SOAK asks for.
struct extent {
    int points = std::getenv("COFILA_SOAK") ? 20'000 : 500 / one_of();
    int damages = std::getenv("COFILA_SOAK") ? test::damages : 3;
    int with_second_fault = std::getenv("COFILA_SOAK") ? 50 : 10;  ///< One point in this many.
    long second_faults = std::getenv("COFILA_SOAK") ? 10 : 4;      ///< Of each kind.
};

/// What the store holds after a clean start, for a file that has to be sound.
std::string start(const sqlite::connection_options& options, tally& count)
{
    try {
        return sound_content(options);
    } catch (const std::exception& e) {
        ++count.corrupt;
        MESSAGE(std::string{e.what()});
        return {};
    }
}

void compare(const std::string& content, const power_history& was, const power_point& at, durability how, tally& count)
{
    const auto begin = was.contents.begin();
    const auto last = begin + static_cast<std::ptrdiff_t>(std::min(at.answered + 2, was.contents.size()));
    const auto first = how == durability::full ? begin + static_cast<std::ptrdiff_t>(at.answered) : begin;
    if (std::find(first, last, content) != last)
        return;
    ++(std::find(begin, was.contents.end(), content) != was.contents.end() ? count.lost : count.no_prefix);
}

/// Something else fails while the file is mended; the start after that is a clean one.
void fail_once_more(const sqlite::connection_options& options, fault kind_of_fault, long nth, tally& count)
{
    const auto clock = std::make_shared<manual_clock>();
    auto hurried = options;
    hurried.clock = clock;
    fault_files files{clock};
    files.expect({.kind = kind_of_fault, .nth = nth});
    test_batch batch;
    batch.add([](sqlite::session&) {});
    writing_runner runner{hurried, false};
    batch.run(runner);
    count.second_faults += files.hits() > 0 ? 1 : 0;
}

void run_campaign(durability how, std::uint32_t first_seed, tally& count)
{
    const extent upto;
    for (auto seed = first_seed; count.points < upto.points; seed += 2) {
        const temp_folder folder;
        const auto clock = std::make_shared<manual_clock>();
        power_disk disk;
        const auto options = options_for(folder, how, clock);
        const auto was = live(disk, options, clock, seed);
        for (const auto& at : was.points) {
            if (count.points == upto.points)
                return;
            ++count.points;
            for (int kind_of_damage = 0; kind_of_damage < upto.damages; ++kind_of_damage) {
                INFO(
                    "seed ",
                    seed,
                    ", point ",
                    count.points,
                    ", ",
                    std::string{name_of(static_cast<damage>(kind_of_damage))}
                );
                const auto dice = seed * 1000 + static_cast<std::uint32_t>(count.points);
                disk.restart(at.disk, static_cast<damage>(kind_of_damage), dice);
                if (count.points % upto.with_second_fault == 0)
                    for (int kind_of_fault = 0; kind_of_fault < fault_kinds; ++kind_of_fault)
                        for (long nth = 1; nth <= upto.second_faults; ++nth)
                            fail_once_more(options, static_cast<fault>(kind_of_fault), nth, count);
                const auto before = count;
                compare(start(options, count), was, at, how, count);
                ++count.damages;
                CHECK(before.lost == count.lost);
                CHECK(before.no_prefix == count.no_prefix);
                CHECK(before.corrupt == count.corrupt);
            }
        }
    }
}

void print(const char* name, const tally& count)
{
    std::printf(
        "power loss, durability::%s: %d points, %d damages, %d lost, %d no prefix, %d corrupt (%d second faults)\n",
        name,
        count.points,
        count.damages,
        count.lost,
        count.no_prefix,
        count.corrupt,
        count.second_faults
    );
}

}  // namespace

TEST_SUITE_BEGIN("power loss");

TEST_CASE("F34 F35: under durability::full a power failure takes nothing that was acknowledged")
{
    tally count;
    run_campaign(durability::full, 1, count);
    print("full", count);
    CHECK(count.damages >= 500 / one_of() * 3);
}

TEST_CASE("F34 F35: under durability::normal a power failure leaves what was there after some commit, and no damage")
{
    tally count;
    run_campaign(durability::normal, 2, count);
    print("normal", count);
    CHECK(count.damages >= 500 / one_of() * 3);
}

TEST_CASE("what was not synced under durability::normal is really lost: the disk forgets")
{
    const temp_folder folder;
    const auto clock = std::make_shared<manual_clock>();
    power_disk disk;
    const auto options = options_for(folder, durability::normal, clock);
    const auto was = live(disk, options, clock, 4);
    tally count;
    int behind = 0;
    for (const auto& at : was.points) {
        disk.restart(at.disk, damage::dropped, 1);
        behind += start(options, count) != was.contents[at.answered] ? 1 : 0;
    }
    CHECK(behind > 0);
    CHECK(count.corrupt == 0);
}

TEST_SUITE_END();
