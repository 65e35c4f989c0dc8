// What another program may have done to a file of ours with SQL: triggers, views, columns, rows of sqlite_schema
// itself. Whatever it is, opening, adding, settling, sweeping and closing end.
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>

#include "fuzz/input.hpp"
#include "integration/sqlite_support.hpp"
#include "store/adding.hpp"
#include "store/changing.hpp"
#include "store/reading.hpp"
#include "store/settling.hpp"
#include "store/sweeping.hpp"

using namespace cofila;
namespace fs = std::filesystem;

namespace {

constexpr milliseconds deadline{20};
/// What the statements of an input may do themselves: of SQLite's steps, so that a run does not depend on the time.
constexpr int most_steps = 100'000;
/// A single function of SQLite's may ask for a gigabyte, and is not broken off.
constexpr sqlite3_int64 most_memory = 64 << 20;

struct site {
    fs::path folder = fs::exists("/dev/shm") ? "/dev/shm" : fs::temp_directory_path();
    std::string path = (folder / ("cofila-fuzz-schema-" + std::to_string(::getpid()) + ".db")).string();
    std::string good = path + ".good";

    site()
    {
        remove();
        {
            test::writing_runner runner{test::connecting(path), false};
            test::run_one(runner, [](auto& with) {
                store::add(with, test::one_job("a"));
                store::set(with, "q", event_log{.events = 5});
            });
        }
        fs::rename(path, good);
    }
    ~site()
    {
        remove();
        fs::remove(good);
    }

    void remove() const
    {
        for (const char* end : {"", "-wal", "-shm", "-journal", "-reserve"})
            fs::remove(path + end);
    }
    void renew() const
    {
        remove();
        fs::copy_file(good, path);
    }
};

/// One statement after the other, also behind one that fails. No other file is touched.
void execute(const std::string& path, std::string_view statements)
{
    sqlite3* db = nullptr;
    fuzz::require(sqlite3_open(path.c_str(), &db) == SQLITE_OK, "the file opens");
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 10'000);
    sqlite3_progress_handler(db, most_steps, [](void*) { return 1; }, nullptr);
    const char* const end = statements.data() + statements.size();
    for (const char* at = statements.data(); at && at < end;) {
        sqlite3_stmt* statement = nullptr;
        const char* next = end;
        sqlite3_prepare_v2(db, at, static_cast<int>(end - at), &statement, &next);
        for (int rows = 0; statement && rows < 100 && sqlite3_step(statement) == SQLITE_ROW;)
            ++rows;
        sqlite3_finalize(statement);
        at = next == at ? nullptr : next;
    }
    sqlite3_close(db);
    sqlite3_soft_heap_limit64(0);  // a pragma may have set them
    sqlite3_hard_heap_limit64(most_memory);
}

void use(const std::string& path)
{
    const auto may_fail = [](store::batch_runner& on, test::test_operation::work what) {
        try {
            test::run_one(on, std::move(what));
        } catch (const error& e) {
            fuzz::require(e.code() != errc::internal, "what is in a file is no mistake of ours");
        }
    };
    auto options = test::connecting(path);
    options.clock = system_clock();
    options.operation_deadline = deadline;
    test::writing_runner writer{options, true};
    may_fail(writer, [](auto& with) { store::add(with, test::one_job("new")); });
    may_fail(writer, [](auto& with) {
        settle_and_claim_request request{.now = test::manual_clock::start};
        request.claim =
            claim_order{.queue = "q", .tokens = {{1, 1}, {1, 2}}, .worker = "w", .lock_duration = seconds{30}};
        const auto answer = store::settle_and_claim(with, request);
        request.claim.reset();
        for (const auto& job : answer.claimed)
            request.settlements.push_back(
                {.job = job_ref::of(*job),
                 .change = {.to = job_state::completed, .finished_at = test::manual_clock::start}}
            );
        store::settle_and_claim(with, request);
    });
    may_fail(writer, [](auto& with) { store::sweep(with, {.now = test::manual_clock::start}); });
    options.read_only = true;
    test::reading_runner reader{options};
    may_fail(reader, [](auto& with) { store::list(with, "q", {}, {}); });
    may_fail(reader, [](auto& with) { store::counts(with, "q"); });
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static const site at;
    at.renew();
    execute(at.path, fuzz::text_of(data, size));
    use(at.path);
    return 0;
}
