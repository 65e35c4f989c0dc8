// F41-F43, D6: damaged files and logs: an error or an earlier state, never a crash, a hang or another application's
// loss.
#include <cofila/cofila.hpp>

#include <boost/signals2/connection.hpp>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <random>

#include "domain/transitions.hpp"
#include "storage/fault_files.hpp"
#include "storage/long_life.hpp"
#include "store/adding.hpp"
#include "store/reading.hpp"
#include "store/settling.hpp"
#include "store/sweeping.hpp"
#include "support/error_of.hpp"
#include "support/print.hpp"
#include "support/run_coro.hpp"
#include "support/share.hpp"

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace cofila;
using namespace cofila::test;
using kind = store::operation::kind;

namespace {

std::string read(const std::string& path)
{
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

void write(const std::string& path, const std::string& bytes)
{
    std::ofstream{path, std::ios::binary | std::ios::trunc} << bytes;
}

void flip(std::string& bytes, std::size_t bit)
{
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
}

/// A folder with a file layer that does not sync, so that thousands of files can be tried.
struct fixture {
    temp_folder folder{};
    std::string path = folder.file("jobs.db");
    std::shared_ptr<manual_clock> clock = std::make_shared<manual_clock>();
    fault_files files{clock};
    int refused = 0;
    int used = 0;

    sqlite::connection_options options() const
    {
        auto out = connecting(path);
        out.clock = clock;
        return out;
    }

    /// A file with jobs in all states, as it is without its log.
    std::string sound_file()
    {
        writing_runner runner{options(), false};
        for (int i = 0; i < 40; ++i)
            run_one(runner, [i](sqlite::session& tx) {
                store::add(tx, one_job("j" + std::to_string(i), '"' + std::string(i % 7 == 0 ? 3000 : 20, 'x') + '"'));
            });
        use(runner);
        run_one(runner, [](sqlite::session&) {}, kind::tidy);
        return read(path);
    }

    /// What a queue does with a store. Whatever fails must fail with an error of storage.
    void use(writing_runner& runner)
    {
        std::vector<job_snapshot> active;
        const auto now = clock->wall_now();
        const auto attempt = [&](test_operation::work work) {
            const auto e = error_of([&] { run_one(runner, std::move(work)); });
            ++(e.code ? refused : used);
            if (e.code)
                CHECK_MESSAGE(is_of_storage(e.code), e.text);
        };
        attempt([](sqlite::session& tx) { store::add(tx, one_job("new")); });
        attempt([&](sqlite::session& tx) {
            settle_and_claim_request request{.now = now};
            request.claim =
                claim_order{.queue = "q", .tokens{{1, 1}, {1, 2}}, .worker = "w", .lock_duration = seconds{30}};
            active = store::settle_and_claim(tx, request).claimed;
        });
        attempt([&](sqlite::session& tx) {
            settle_and_claim_request request{.now = now};
            for (const auto& job : active)
                request.settlements.push_back(
                    {.job = job_ref::of(*job), .change = domain::after_success(*job, "1", now)}
                );
            store::settle_and_claim(tx, request);
        });
        attempt([&](sqlite::session& tx) { store::sweep(tx, {.now = now}); });
        attempt([](sqlite::session& tx) { store::list(tx, "q", {}, {}); });
        attempt([](sqlite::session& tx) { store::counts(tx, "q"); });
    }

    static bool is_of_storage(const boost::system::error_code& code)
    {
        return code == errc::storage_corrupt || code == errc::storage_readonly || code == errc::storage_full ||
               code == errc::storage_busy || code == errc::storage_foreign || code == errc::storage_newer ||
               code == errc::outcome_unknown;
    }

    void put(const std::string& bytes, const std::string& log = {}) const
    {
        fs::remove(path + "-shm");
        write(path, bytes);
        fs::remove(path + "-wal");
        if (!log.empty())
            write(path + "-wal", log);
    }

    void try_file(const std::string& bytes, const std::string& log = {})
    {
        put(bytes, log);
        writing_runner runner{options(), false};
        use(runner);
    }

    std::string content(const std::string& bytes, const std::string& log = {}) const
    {
        put(bytes, log);
        writing_runner runner{options(), false};
        return content_of(runner);
    }
};

}  // namespace

TEST_SUITE_BEGIN("damaged file");

TEST_CASE_FIXTURE(
    fixture, "F43: with any bit of the header flipped, the file is refused or used, and nothing hangs or crashes"
)
{
    const auto sound = sound_file();
    for (std::size_t bit = 0; bit < 100 * 8; bit += static_cast<std::size_t>(one_of())) {
        INFO("bit ", bit);
        auto bytes = sound;
        flip(bytes, bit);
        try_file(bytes);
    }
    CHECK(refused > 0);
    CHECK(used > 0);
}

TEST_CASE_FIXTURE(fixture, "F43: with bits of any page flipped the same holds")
{
    const auto sound = sound_file();
    for (std::uint32_t seed = 1; seed <= 300; seed += static_cast<std::uint32_t>(one_of())) {
        INFO("seed ", seed);
        std::mt19937 dice{seed};
        auto bytes = sound;
        for (auto left = 1 + dice() % 20; left > 0; --left)
            flip(bytes, dice() % (bytes.size() * 8));
        if (seed % 5 == 0)  // a whole page of nonsense
            std::ranges::generate_n(
                bytes.begin() + static_cast<std::ptrdiff_t>(dice() % (bytes.size() / 4096) * 4096),
                4096,
                [&] { return static_cast<char>(dice()); }
            );
        try_file(bytes);
    }
    CHECK(refused > 0);
    CHECK(used > 0);
}

TEST_CASE_FIXTURE(fixture, "F43: a file that was cut off is refused or used as far as it goes")
{
    const auto sound = sound_file();
    for (std::size_t size = 1; size < sound.size(); size = size < 8192 ? size * 2 + 1 : size + 1000) {
        INFO("size ", size);
        try_file(sound.substr(0, size));
    }
    CHECK(refused > 0);
}

TEST_CASE_FIXTURE(
    fixture, "F43: beside a log that is nonsense a file is as it was; beside another file's it may be refused"
)
{
    const auto sound = sound_file();
    const temp_folder elsewhere;
    std::string foreign;
    {
        auto options = connecting(elsewhere.file("other.db"));
        options.clock = clock;
        writing_runner other{options, false};
        run_one(other, [](sqlite::session& tx) { store::add(tx, {in_queue("another", some_job("foreign"))}); });
        foreign = read(elsewhere.file("other.db-wal"));
    }
    std::mt19937 dice{7};
    std::string nonsense(50'000, '\0');
    std::ranges::generate(nonsense, [&] { return static_cast<char>(dice()); });
    const auto before = content(sound);
    CHECK(std::ranges::count(before, '\n') > 40);
    for (const auto& log : {nonsense, std::string{"x"}, std::string(32, '\0')}) {
        CHECK(content(sound, log) == before);
        try_file(sound, log);
        CHECK(refused == 0);
    }
    // A log of another file is in order by itself, so that SQLite takes it for this file's.
    try_file(sound, foreign);
}

TEST_CASE_FIXTURE(fixture, "F43 D6: a log that was cut off or damaged leaves what was there after some commit")
{
    std::vector<std::string> contents;
    std::string database;
    std::string log;
    {
        writing_runner runner{options(), false};
        contents.push_back(content_of(runner));
        run_one(runner, [](sqlite::session&) {}, kind::tidy);
        database = read(path);
        for (int i = 0; i < 20; ++i) {
            run_one(runner, [i](sqlite::session& tx) { store::add(tx, one_job("j" + std::to_string(i))); });
            contents.push_back(content_of(runner));
        }
        log = read(path + "-wal");
    }
    REQUIRE(content(database, log) == contents.back());
    int shortened = 0;
    for (std::uint32_t seed = 1; seed <= 300; seed += static_cast<std::uint32_t>(one_of())) {
        INFO("seed ", seed);
        std::mt19937 dice{seed};
        auto damaged = log;
        if (seed % 3 == 0)
            damaged.resize(dice() % log.size());
        else
            for (auto left = 1 + dice() % 3; left > 0; --left)
                flip(damaged, dice() % (log.size() * 8));
        const auto left = content(database, damaged);
        CHECK(std::ranges::find(contents, left) != contents.end());
        shortened += left != contents.back() ? 1 : 0;
    }
    std::printf("damaged logs: %d have lost their last commits\n", shortened);
    CHECK(shortened > 200 / one_of());
}

TEST_CASE("F43: a damaged file ends its workers: nothing more is claimed, the error is told, and run() throws it")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    run_coro([&]() -> asio::awaitable<void> {
        const auto store = co_await open({.path = path});
        co_await store->add(one_job("a"));
        co_await store->close();
    });
    const auto page =
        static_cast<std::size_t>(ask(path, "SELECT rootpage FROM sqlite_schema WHERE name = 'cofila_waiting'"));
    auto bytes = read(path);
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>((page - 1) * 4096), 4096, '\x7F');
    write(path, bytes);
    run_coro([&]() -> asio::awaitable<void> {
        auto engine = co_await engine::open({.database = path, .maintenance = {}});
        auto jobs = engine.queue<std::string, std::string>("q");
        worker<std::string, std::string> working{
            jobs, [](job<std::string, std::string>) -> asio::awaitable<std::string> { co_return "done"; }
        };
        int told = 0;
        const boost::signals2::scoped_connection errors =
            working.events().error.connect([&](const error_event&) { ++told; });
        const auto ended = co_await error_of(working.run());
        CHECK(ended.code == errc::storage_corrupt);
        CHECK(ended.text.find(path) != std::string::npos);
        co_await settle();
        CHECK(told == 1);
        co_await engine.close();
    });
}

TEST_SUITE_END();
