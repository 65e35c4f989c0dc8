// F26-F28: a disk that is full. Run by on_small_disk, on one of 64 MiB.
#include <cofila/cofila.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/signals2/connection.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "async/event.hpp"
#include "integration/sqlite_support.hpp"
#include "support/child_process.hpp"
#include "support/error_of.hpp"
#include "support/print.hpp"
#include "support/run_coro.hpp"

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uintmax_t mebibyte = 1024 * 1024;

using text_queue = queue<std::string, std::string>;

/// The small disk, empty; the files of somebody else take its room.
struct small_disk {
    std::string folder = program("COFILA_SMALL_DISK");
    std::string path = folder + "/jobs.db";
    std::string others = folder + "/others";

    small_disk() { clear(); }
    ~small_disk() { clear(); }

    void clear() const
    {
        for (const auto& entry : fs::directory_iterator{folder})
            fs::remove_all(entry.path());
    }
    std::uintmax_t free() const { return fs::space(folder).available; }
    void leave_free(std::uintmax_t bytes) const
    {
        const auto taken = fs::exists(others) ? fs::file_size(others) : 0;
        std::ofstream{others, std::ios::app} << std::string(static_cast<std::size_t>(free() - bytes), 'o');
        REQUIRE(fs::file_size(others) > taken);
    }
    void others_go() const { fs::remove(others); }
    bool has_reserve() const { return fs::exists(path + "-reserve") && fs::file_size(path + "-reserve") > 0; }
};

/// A store on it, as an engine without maintenance uses it.
struct opened {
    std::shared_ptr<job_repository> store{};
    cofila::engine engine{};
    text_queue jobs{};
};

asio::awaitable<opened> open_on(std::string path)
{
    opened out;
    out.store = co_await open({.path = path, .durability = durability::full});
    co_await out.store->tend();
    out.engine = co_await engine::open({.maintenance = {}, .repository = out.store});
    out.jobs = out.engine.queue<std::string, std::string>("q");
    co_return out;
}

/// Adds until the disk is full, and answers how many were acknowledged.
asio::awaitable<std::size_t> fill(text_queue jobs)
{
    for (std::size_t added = 0;; ++added) {
        const auto refused = co_await error_of(jobs.add("job", std::string(10'000, 'x')));
        if (!refused.code)
            continue;
        CHECK(refused.code == errc::storage_full);
        co_return added;
    }
}

asio::awaitable<void> expect_full(text_queue jobs)
{
    const auto refused = co_await error_of(jobs.add("job", "small"));
    CHECK(refused.code == errc::storage_full);
}

asio::awaitable<void> complete_all(text_queue jobs)
{
    worker<std::string, std::string> working{
        jobs,
        [](job<std::string, std::string>) -> asio::awaitable<std::string> { co_return "done"; },
        {.concurrency = 10}
    };
    const boost::signals2::scoped_connection ends = jobs.events().drained.connect([&](const auto&) { working.stop(); });
    co_await working.run();
}

}  // namespace

TEST_SUITE_BEGIN("full disk");

TEST_CASE("F26 F28: on a full disk adds stop first, and everything that was added is completed")
{
    const small_disk disk;
    run_coro([&]() -> asio::awaitable<void> {
        auto with = co_await open_on(disk.path);
        CHECK(disk.has_reserve());
        disk.leave_free(24 * mebibyte);
        const auto added = co_await fill(with.jobs);
        CHECK(added > 500);
        CHECK_FALSE(disk.has_reserve());
        const auto refused = co_await error_of(with.jobs.add("job", "small"));
        CHECK(refused.code == errc::storage_full);

        co_await complete_all(with.jobs);
        const auto counts = co_await with.jobs.get_job_counts();
        CHECK(counts.completed == added);
        MESSAGE(added << " jobs added until the disk was full, " << counts.completed << " completed on it");
        const auto still = co_await error_of(with.jobs.add("job", "small"));
        CHECK(still.code == errc::storage_full);

        disk.others_go();
        const auto again = co_await error_of(with.jobs.add("job", "small"));
        CHECK_FALSE(again.code);
        CHECK(disk.has_reserve());
        co_await with.engine.close();
    });
    CHECK_FALSE(disk.has_reserve());
    CHECK(ask(disk.path, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'") == 1);
}

TEST_CASE("F26: what others take until nothing is left, the reserve gives back")
{
    const small_disk disk;
    run_coro([&]() -> asio::awaitable<void> {
        auto with = co_await open_on(disk.path);
        for (int i = 0; i < 200; ++i)
            co_await with.jobs.add("job", std::string(10'000, 'x'));
        disk.leave_free(0);
        co_await complete_all(with.jobs);
        const auto counts = co_await with.jobs.get_job_counts();
        CHECK(counts.completed == 200);
        co_await fill(with.jobs);
        co_await with.engine.close();
    });
}

TEST_CASE("F28: a disk that the queue itself has filled takes jobs again when its own are done, whoever opens the file")
{
    const small_disk disk;
    run_coro([&]() -> asio::awaitable<void> {
        auto first = co_await open_on(disk.path);
        CHECK(disk.has_reserve());
        const auto added = co_await fill(first.jobs);
        auto second = co_await open_on(disk.path);
        co_await expect_full(first.jobs);
        co_await expect_full(second.jobs);
        co_await first.engine.close();
        co_await second.engine.close();
        first = co_await open_on(disk.path);
        co_await expect_full(first.jobs);

        co_await complete_all(first.jobs);
        const auto done = co_await first.jobs.clean({.state = job_state::completed});
        CHECK(done == added);
        CHECK_FALSE(disk.has_reserve());
        co_await first.jobs.add("job", "small");
        second = co_await open_on(disk.path);
        co_await second.jobs.add("job", "small");
        CHECK_FALSE(disk.has_reserve());

        const auto again = co_await fill(first.jobs);
        MESSAGE(added << " jobs filled the disk, and when they were done " << again << " the pages that they left");
        CHECK(again > added / 2);
        co_await expect_full(second.jobs);
        co_await complete_all(first.jobs);
        const auto counts = co_await first.jobs.get_job_counts();
        CHECK(counts.completed == again + 2);
        co_await first.engine.close();
        co_await second.engine.close();
    });
    CHECK(ask(disk.path, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'") == 1);
}

TEST_CASE("a reserve that finds no room is not made: a full disk then stops all, loses nothing, and goes on with room")
{
    const small_disk disk;
    disk.leave_free(20 * mebibyte);
    run_coro([&]() -> asio::awaitable<void> {
        auto with = co_await open_on(disk.path);
        CHECK_FALSE(disk.has_reserve());
        const auto added = co_await fill(with.jobs);
        CHECK(added > 100);
        disk.others_go();
        co_await with.jobs.add("job", "small");
        co_await complete_all(with.jobs);
        const auto counts = co_await with.jobs.get_job_counts();
        CHECK(counts.completed == added + 1);
        co_await with.store->tend();
        CHECK(disk.has_reserve());
        co_await with.engine.close();
    });
}

TEST_CASE("a worker closes on a full disk though its outcomes find no room, and names them")
{
    constexpr std::size_t jobs = 20;
    const small_disk disk;
    disk.leave_free(20 * mebibyte);
    run_coro([&]() -> asio::awaitable<void> {
        auto with = co_await open_on(disk.path);
        CHECK_FALSE(disk.has_reserve());
        for (std::size_t i = 0; i < jobs; ++i)
            co_await with.jobs.add("job", "small");
        event out{co_await asio::this_coro::executor};
        std::size_t running = 0;
        const auto large = [&](job<std::string, std::string>) -> asio::awaitable<std::string> {
            if (++running == jobs) {
                disk.leave_free(0);
                out.set();
            } else {
                co_await out.wait();
            }
            co_return std::string(1'000'000, 'x');
        };
        worker<std::string, std::string> working{with.jobs, large, {.concurrency = int{jobs}, .grace = 500ms}};
        working.events().error.connect([&](const error_event&) { working.stop(); });
        const auto report = co_await working.run();
        CHECK(report.unstored.size() == jobs);
        CHECK(report.finished.empty());
        disk.others_go();
        const auto counts = co_await with.jobs.get_job_counts();
        CHECK(counts.active == jobs);
        co_await with.engine.close();
    });
}

TEST_CASE("the reserve is let go of once for all who share the file")
{
    const small_disk disk;
    run_coro([&]() -> asio::awaitable<void> {
        auto first = co_await open_on(disk.path);
        auto second = co_await open_on(disk.path);
        disk.leave_free(10 * mebibyte);
        co_await fill(first.jobs);
        const auto refused = co_await error_of(second.jobs.add("job", "small"));
        CHECK(refused.code == errc::storage_full);
        co_await first.engine.close();
        disk.others_go();
        co_await second.jobs.add("job", "small");
        CHECK(disk.has_reserve());
        co_await second.engine.close();
    });
    CHECK_FALSE(disk.has_reserve());
}

TEST_CASE("F27: a file cannot be opened where there is no room for its shared memory, and is left as it is")
{
    const small_disk disk;
    run_coro([&]() -> asio::awaitable<void> {
        auto with = co_await open_on(disk.path);
        co_await with.jobs.add("job", "small");
        co_await with.engine.close();
        disk.leave_free(0);
        const auto refused = co_await error_of(open_on(disk.path));
        CHECK(refused.code == errc::storage_full);
        disk.others_go();
        with = co_await open_on(disk.path);
        const auto counts = co_await with.jobs.get_job_counts();
        CHECK(counts.waiting == 1);
        co_await with.engine.close();
    });
}

TEST_SUITE_END();
