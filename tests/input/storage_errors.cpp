#include <sqlite3.h>

#include "error_table.hpp"
#include "input/on_file.hpp"
#include "integration/sqlite_support.hpp"
#include "sqlite/repository.hpp"
#include "support/inline_port.hpp"

namespace cofila::test {

namespace {

using task = asio::awaitable<void>;
using text_queue = queue<std::string, std::string>;
using text_claim = claimed_job<std::string, std::string>;

/// A queue with a job in each state, and the claim of the active one.
struct jobs {
    text_queue queue{};
    text_claim active{};
};

asio::awaitable<text_claim> add_and_take(text_queue from, job_id id)
{
    (void)co_await from.add("x", "text", {.id = id});
    auto taken = co_await from.fetch_next_and_lock({});
    REQUIRE(taken.size() == 1);
    co_return taken.front();
}

asio::awaitable<jobs> prepare(engine& on)
{
    jobs out{.queue = on.queue<std::string, std::string>("q")};
    const auto done = co_await add_and_take(out.queue, job_id{"done"});
    co_await out.queue.complete(done.claim, "text");
    out.active = co_await add_and_take(out.queue, job_id{"active"});
    (void)co_await out.queue.add("x", "text", {.id = "waiting"});
    (void)co_await out.queue.add("x", "text", {.id = "delayed", .delay = std::chrono::hours{1}});
    co_return out;
}

/// More than the file has room for; a failure and a log line are cut at 64 KiB.
std::string long_text() { return std::string(60'000, 'x'); }

struct write {
    const char* function;
    bool needs_room;
    task (*call)(jobs);
};

task add_many(jobs with)
{
    std::vector<job_spec<std::string>> specs(2, {.name = "x", .data = long_text()});
    (void)co_await with.queue.add_bulk(std::move(specs));
}

constexpr write writes[] = {
    {"queue::add", true, [](jobs with) -> task { (void)co_await with.queue.add("x", long_text()); }},
    {"queue::add_bulk", true, add_many},
    {"queue::complete", true, [](jobs with) -> task { co_await with.queue.complete(with.active.claim, long_text()); }},
    {"queue::fail",
     true,
     [](jobs with) -> task { co_await with.queue.fail(with.active.claim, {.message = long_text()}); }},
    {"job::update_progress",
     true,
     [](jobs with) -> task {
         boost::json::value progress = boost::json::string{long_text()};
         co_await with.active.job.update_progress(std::move(progress));
     }},
    {"job::log", true, [](jobs with) -> task { co_await with.active.job.log(long_text()); }},
    {"queue::fetch_next_and_lock", false, [](jobs with) -> task { (void)co_await with.queue.fetch_next_and_lock({}); }},
    {"queue::extend_lock", false, [](jobs with) -> task { co_await with.queue.extend_lock(with.active.claim, 30s); }},
    {"queue::pause", false, [](jobs with) -> task { co_await with.queue.pause(); }},
    {"queue::resume", false, [](jobs with) -> task { co_await with.queue.resume(); }},
    {"queue::remove", false, [](jobs with) -> task { (void)co_await with.queue.remove("waiting"); }},
    {"queue::retry", false, [](jobs with) -> task { co_await with.queue.retry("done"); }},
    {"queue::promote", false, [](jobs with) -> task { co_await with.queue.promote("delayed"); }},
};

/// An engine whose own connection is spoiled before the call.
task call_on_spoiled(task (*call)(jobs), void (*spoil)(sqlite::session&))
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    auto reading = connecting(path);
    reading.read_only = true;
    const auto writer = std::make_shared<inline_port>(std::make_unique<writing_runner>(connecting(path), false));
    const auto reader = std::make_shared<inline_port>(std::make_unique<reading_runner>(reading));
    auto changes = std::make_shared<sqlite::change_watch>(sqlite::change_watch::parts{.path = path, .writer = writer});
    engine_options options{.maintenance = std::nullopt};
    options.repository = std::make_shared<sqlite::repository>(sqlite::repository::parts{
        .writer = writer, .reader = reader, .changes = std::move(changes), .file = sqlite::store_file{path}
    });
    co_await use_file(std::move(options), [&](engine& on) -> task {
        auto with = co_await prepare(on);
        co_await store::perform(
            std::shared_ptr<store::database_port>{writer},
            store::operation::kind::observe,
            [&](store::tables& db) { spoil(sqlite::session::of(db)); }
        );
        co_await call(std::move(with));
    });
}

/// Somebody else writes during the call, and goes on longer than it waits.
task call_while_held(task (*call)(jobs))
{
    const temp_folder folder;
    auto options = on_file(folder.file("jobs.db"));
    options.operation_deadline = 20ms;
    const auto path = options.database;
    co_await use_file(std::move(options), [&](engine& on) -> task {
        auto with = co_await prepare(on);
        const file_holder somebody{path};
        co_await call(std::move(with));
    });
}

void fill(sqlite::session& tx) { tx.link().db().exec("PRAGMA max_page_count=1"); }

void fail_commits(sqlite::session& tx)
{
    sqlite3_commit_hook(tx.link().handle(), [](void*) { return 1; }, nullptr);
}

}  // namespace

std::vector<error_case> storage_errors()
{
    std::vector<error_case> out;
    for (const auto& one : writes) {
        auto* const call = one.call;
        out.push_back({one.function, errc::storage_busy, "", [call](app&) { return call_while_held(call); }});
        out.push_back({one.function, errc::outcome_unknown, "", [call](app&) {
                           return call_on_spoiled(call, fail_commits);
                       }});
        if (one.needs_room)
            out.push_back({one.function, errc::storage_full, "", [call](app&) { return call_on_spoiled(call, fill); }});
    }
    return out;
}

}  // namespace cofila::test
