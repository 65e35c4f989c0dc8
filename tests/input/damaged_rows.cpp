#include "input/damaged_rows.hpp"

#include <cofila/error.hpp>

#include <SQLiteCpp/Statement.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "domain/stall_watch.hpp"
#include "domain/why.hpp"
#include "integration/sqlite_support.hpp"
#include "sqlite/schema.hpp"
#include "store/adding.hpp"
#include "store/changing.hpp"
#include "store/reading.hpp"
#include "store/settling.hpp"
#include "store/sweeping.hpp"
#include "store/watching.hpp"
#include "store/writing.hpp"

namespace cofila::test {

namespace {

constexpr std::array<std::string_view, 117> all_places{
    "cofila_finished.state",
    "cofila_jobs.priority",
    "cofila_jobs.position",
    "cofila_jobs.created_at",
    "cofila_jobs.run_at",
    "cofila_jobs.processed_at",
    "cofila_finished.finished_at",
    "cofila_jobs.attempts_made",
    "cofila_jobs.attempts_started",
    "cofila_jobs.stalled_count",
    "cofila_active.token",
    "cofila_active.locked_until",
    "cofila_active.lock_duration",
    "cofila_active.worker",
    "cofila_rare.options",
    "cofila_jobs.progress",
    "cofila_jobs.data",
    "cofila_finished.result",
    "cofila_finished.failed_reason",
    "cofila_finished.prune_at",
    "cofila_finished.prune_count",
    "cofila_jobs.name",
    "cofila_jobs.id",
    "cofila_jobs.queue",
    "cofila_attempts.number",
    "cofila_attempts.message",
    "cofila_attempts.at",
    "cofila_logs.at",
    "cofila_logs.line",
    "cofila_workers.boot_id",
    "cofila_workers.pid",
    "cofila_workers.start_time",
    "cofila_queues.paused",
    "cofila_queues.head",
    "cofila_queues.tail",
    "cofila_jobs.deferrals",
    "cofila_rare.expires_at",
    "cofila_active.cancelled",
    "cofila_queues.rests_until",
    "cofila_waiting_grouped.group_number",
    "cofila_rare.dedup_id",
    "cofila_rare.dedup_until",
    "cofila_rare.kept_for",
    "cofila_queues.concurrency",
    "cofila_queues.rate_max",
    "cofila_queues.rate_window",
    "cofila_queues.group_concurrency",
    "cofila_queues.group_rate_max",
    "cofila_queues.group_rate_window",
    "cofila_queues.keep_order",
    "cofila_queues.grouped",
    "cofila_claim_log.at",
    "cofila_claim_log.group_key",
    "cofila_claim_log.jobs",
    "cofila_claim_log.queue",
    "cofila_groups.name",
    "cofila_groups.served",
    "cofila_jobs.due_at",
    "cofila_watched.events",
    "cofila_events.kind",
    "cofila_events.job",
    "cofila_events.state",
    "cofila_events.at",
    "cofila_events.text",
    "cofila_cursors.place",
    "cofila_metrics.minute",
    "cofila_metrics.jobs",
    "cofila_metrics.total",
    "cofila_jobs.options",
    "cofila_jobs.rare",
    "cofila_jobs.random",
    "cofila_jobs.worker",
    "cofila_jobs.token",
    "cofila_jobs.failed_reason",
    "cofila_options.text",
    "cofila_worker_names.name",
    "cofila_rare.job",
    "cofila_rare.queue",
    "cofila_waiting.queue",
    "cofila_waiting.priority",
    "cofila_waiting.position",
    "cofila_waiting.key",
    "cofila_waiting.was",
    "cofila_waiting_grouped.queue",
    "cofila_waiting_grouped.priority",
    "cofila_waiting_grouped.position",
    "cofila_waiting_grouped.key",
    "cofila_waiting_grouped.was",
    "cofila_delayed.queue",
    "cofila_delayed.run_at",
    "cofila_delayed.position",
    "cofila_delayed.key",
    "cofila_delayed.priority",
    "cofila_delayed.group_number",
    "cofila_delayed.started",
    "cofila_delayed.was",
    "cofila_active.queue",
    "cofila_active.key",
    "cofila_active.processed_at",
    "cofila_active.attempts_started",
    "cofila_active.group_number",
    "cofila_finished.key",
    "cofila_finished.queue",
    "cofila_finished.was",
    "cofila_finished.processed_at",
    "cofila_finished.attempts_made",
    "cofila_finished.attempts_started",
    "cofila_finished.stalled_count",
    "cofila_finished.deferrals",
    "cofila_finished.worker",
    "cofila_finished.token",
    "cofila_groups.queue",
    "cofila_groups.priority",
    "cofila_groups.position",
    "cofila_groups.rests_until",
    "cofila_bodies.data",
    "cofila_bodies.result",
};

/// What a job has in each state, beside what all have.
constexpr const char* rows[] = {
    "UPDATE cofila_jobs SET options = NULL, rare = 1, run_at = iif(?1 = 1, 4000000000000, NULL) WHERE key = 1",
    "INSERT INTO cofila_rare SELECT key, queue, '{\"attempts\":1,\"group\":\"g\"}', "
    "iif(?1 < 2, 4000000000000, 1000), 'd', iif(?1 > 3, 1000, NULL), iif(?1 = 1, 2, NULL) "
    "FROM cofila_jobs WHERE key = 1",
    "INSERT INTO cofila_groups (number, queue, name, served, priority, position) "
    "SELECT 1, queue, 'g', 1, iif(?1 = 0, priority, NULL), iif(?1 = 0, position, NULL) FROM cofila_jobs WHERE key = 1",
    "INSERT INTO cofila_waiting_grouped SELECT queue, 1, priority, position, key, NULL "
    "FROM cofila_jobs WHERE key = 1 AND ?1 = 0",
    "INSERT INTO cofila_delayed SELECT queue, run_at, position, key, priority, 1, 0, NULL "
    "FROM cofila_jobs WHERE key = 1 AND ?1 = 1",
    "INSERT INTO cofila_active SELECT queue, key, x'00112233445566778899aabbccddeeff', 1000, 0, 1000, 1, 1, 1, 'why' "
    "FROM cofila_jobs WHERE key = 1 AND ?1 = 2",
    "INSERT INTO cofila_finished SELECT key, queue, ?1, 1000, 2, 1000, 1, 1, 0, 0, 1, "
    "x'00112233445566778899aabbccddeeff', NULL, 1, '', '' FROM cofila_jobs WHERE key = 1 AND ?1 > 3",
};
constexpr const char* more_rows = R"sql(
DELETE FROM cofila_waiting WHERE key = 1;
INSERT INTO cofila_worker_names VALUES (1, 'w');
INSERT INTO cofila_attempts VALUES (1, 1, 1, 'boom', 'error', '', 0, 1000, 'w');
INSERT INTO cofila_logs VALUES (1, 1, 1000, 'line');
INSERT INTO cofila_workers VALUES ('w', 'boot', 1, 1, 1, 1000);
UPDATE cofila_queues SET grouped = 1 WHERE name = 'q';
INSERT INTO cofila_claim_log SELECT number, 1893455999000, 'g', 1 FROM cofila_queues WHERE name = 'q';
INSERT INTO cofila_watched SELECT number, 9, 1, 9 FROM cofila_queues WHERE name = 'q';
INSERT INTO cofila_events SELECT number, 1, 0, 'bad', NULL, 0, 1000, 'x' FROM cofila_queues WHERE name = 'q';
INSERT INTO cofila_cursors SELECT number, 'reader', 1 FROM cofila_queues WHERE name = 'q';
INSERT INTO cofila_metrics SELECT number, 1, 4, 1, 1, 1 FROM cofila_queues WHERE name = 'q';
)sql";

/// A table whose row the job has only if it is made otherwise: without a group, with shared options, with long data.
struct other_making {
    std::string_view table;
    const char* sql;
};
constexpr other_making other_makings[] = {
    {"cofila_waiting",
     "INSERT INTO cofila_waiting SELECT queue, priority, position, key, was FROM cofila_waiting_grouped;"
     "DELETE FROM cofila_waiting_grouped; UPDATE cofila_groups SET priority = NULL, position = NULL;"
     "UPDATE cofila_rare SET options = '{\"attempts\":1}'"},
    {"cofila_options",
     "INSERT OR IGNORE INTO cofila_options VALUES (99, '{\"attempts\":99}');"
     "UPDATE cofila_jobs SET options = 99 WHERE key = 1"},
    {"cofila_bodies",
     "INSERT OR IGNORE INTO cofila_bodies VALUES (1, '\"long\"', '1');"
     "UPDATE cofila_jobs SET data = NULL WHERE key = 1; UPDATE cofila_finished SET result = NULL WHERE key = 1"},
};

/// The rows of the job in this table.
std::string rows_of_job(std::string_view table)
{
    if (table == "cofila_rare" || table == "cofila_bodies")
        return " WHERE job = 1";
    if (table == "cofila_options")
        return " WHERE number = 99";
    if (table == "cofila_queues")
        return " WHERE number <> 0";
    static constexpr std::array with_key{
        "cofila_jobs",
        "cofila_waiting",
        "cofila_waiting_grouped",
        "cofila_delayed",
        "cofila_active",
        "cofila_finished",
    };
    return std::ranges::find(with_key, table) != with_key.end() ? " WHERE key = 1" : "";
}

/// As a file is that another program, or none of SQLite's checks, has written.
void loosen(const std::string& path)
{
    execute(
        path,
        "PRAGMA writable_schema=ON;"
        "UPDATE sqlite_schema SET sql = replace(replace(replace(sql, ' STRICT, WITHOUT', ' WITHOUT'), ') STRICT', "
        "')'), ' NOT NULL', '') WHERE type = 'table';"
        "PRAGMA writable_schema=OFF;"
    );
}

void require(bool holds, const char* promise)
{
    if (!holds)
        throw std::logic_error{promise};
}

void bind(SQLite::Statement& statement, const cell& value)
{
    struct binder {
        SQLite::Statement& to;
        void operator()(std::monostate) const { to.bind(1); }
        void operator()(std::int64_t number) const { to.bind(1, number); }
        void operator()(double number) const { to.bind(1, number); }
        void operator()(const std::string& text) const { to.bind(1, text); }
        void operator()(const bytes& blob) const
        {
            to.bind(1, static_cast<const void*>(blob.held.data()), static_cast<int>(blob.held.size()));
        }
    };
    std::visit(binder{statement}, value);
}

/// What may refuse, as long as it says so in the library's words.
template <class Work>
void may_refuse(Work work)
{
    try {
        work();
    } catch (const error&) {
    } catch (const SQLite::Exception&) {  // the batch makes errors of these
    }
}

/// Nothing that was set for the queue keeps a job from being claimed.
bool is_open(sqlite::session& tx)
{
    auto settings = store::settings(tx, "q");
    if (settings.rests_until <= manual_clock::start)
        settings.rests_until.reset();
    settings.group = {};
    settings.keep_events.reset();
    settings.keep_minutes.reset();
    return settings == queue_settings{};
}

bool contains(const std::vector<job_snapshot>& jobs, const char* id)
{
    return std::ranges::any_of(jobs, [&](const auto& job) { return job->id.str() == id; });
}

}  // namespace

std::span<const std::string_view> row_damage::places() { return all_places; }

row_damage::row_damage()
{
    const auto path = folder_.file("jobs.db");
    {
        writing_runner runner{connecting(path), false};
        run_one(runner, [](sqlite::session& tx) { store::add(tx, one_job("bad")); });
        run_one(runner, [](sqlite::session& tx) { store::add(tx, {some_job("good", "{}", {.priority = 2'000'000})}); });
    }
    with_ = std::make_unique<sqlite::session>(connecting(path));
    {
        const sqlite::read_transaction reading{*with_};  // checks the tables while they are as they were made
    }
    loosen(path);
    with_->link().db().exec("PRAGMA writable_schema=RESET");  // the session reads the schema again
}

void row_damage::check(job_state state, std::span<const damage> values)
{
    with_->sql().exec("BEGIN IMMEDIATE");
    with_->begun();
    struct undo {
        sqlite::session& with;
        ~undo()
        {
            with.link().db().tryExec("ROLLBACK");
            with.forget_names();
        }
    } const at_end{*with_};
    for (const auto* sql : rows)
        with_->sql().exec(sql, static_cast<int>(state));
    with_->link().db().exec(more_rows);
    damage_rows(values);
    read_everything();
    sweep_everything();
    claim_everything();
    change_everything();
    sweep_everything();
    read_everything();
}

void row_damage::damage_rows(std::span<const damage> values)
{
    for (const auto& [place, value] : values) {
        const auto dot = place.find('.');
        const std::string table{place.substr(0, dot)};
        const std::string column{place.substr(dot + 1)};
        for (const auto& [where, sql] : other_makings)
            if (where == table)
                may_refuse([&] { with_->link().db().exec(sql); });
        SQLite::Statement put{with_->link().db(), "UPDATE " + table + " SET " + column + " = ?1" + rows_of_job(table)};
        bind(put, value);
        may_refuse([&] { put.exec(); });
    }
}

void row_damage::read_everything()
{
    page_request one{.limit = 1};
    for (int pages = 0; pages < 4; ++pages) {
        auto listed = store::list(*with_, "q", {}, one);
        one.after = listed.next;
    }
    for (const job_states state :
         {job_states{job_state::waiting},
          job_states{job_state::delayed},
          job_states{job_state::active},
          job_states{job_state::completed},
          job_states{job_state::failed},
          job_states{job_state::completed, job_state::failed},
          job_states{}})
        for (const bool newest_first : {false, true})
            store::list(*with_, "q", {.state = state}, {.newest_first = newest_first});
    store::queues(*with_, {});
    store::counts(*with_, "q");
    store::get(*with_, "q", "bad");
    for (const auto* id : {"bad", "good"})
        if (const auto found = store::situation(*with_, "q", id, manual_clock::start))
            require(!domain::explain(*found, manual_clock::start).causes.empty(), "a job's situation is told");
    require(store::get(*with_, "q", "good").has_value(), "a job is found beside a damaged one");
    store::logs(*with_, "q", "bad", {});
    store::event_log_of(*with_, "q", "reader");
    store::events_after(*with_, "q", 0, 9);
    store::metrics(*with_, "q", manual_clock::start, {});
}

void row_damage::sweep_everything()
{
    domain::stall_watch watch;
    sweep_request request{.now = manual_clock::start, .limit = 10};
    for (const auto& at : {steady_time{}, steady_time{std::chrono::hours{24 * 367}}}) {
        std::vector<domain::stall_watch::view> views;
        for (const auto& lock : tables_of(*with_).locks())
            views.push_back({.lock = lock});
        request.rescues.clear();
        for (const auto& lock : watch.stalled(views, request.now, at))
            request.rescues.push_back({.key = lock.key, .token = lock.token, .locked_until = lock.locked_until});
    }
    std::vector<std::string> held;
    for (const auto& order : request.rescues)
        if (is_job(order.key))
            held.push_back(order.token);
    const auto answer = store::sweep(*with_, request);
    const auto rescued = std::ranges::count(answer.news, job_news::cause::stalled, &job_news::why);
    require(std::cmp_equal(rescued, held.size()), "what has stalled is rescued");
    for (const auto& lock : tables_of(*with_).locks())
        require(std::ranges::find(held, lock.token) == held.end(), "what has stalled is not locked any more");
}

bool row_damage::is_job(std::int64_t key) const
{
    return with_->sql()
        .query(
            "SELECT 1 FROM cofila_active AS a JOIN cofila_jobs AS j ON j.key = a.key AND j.queue IS NOT NULL "
            "WHERE a.key = ?1",
            key
        )
        .step();
}

void row_damage::claim_everything()
{
    settle_and_claim_request request{.now = manual_clock::start};
    request.claim =
        claim_order{.queue = "q", .tokens = {{1, 1}, {1, 2}, {1, 3}}, .worker = "w", .lock_duration = seconds{30}};
    const auto before = store::get(*with_, "q", "good");
    const auto answer = store::settle_and_claim(*with_, request);
    const bool open = before->state == job_state::waiting && is_open(*with_);
    require(!open || contains(answer.claimed, "good"), "a job is claimed beside a damaged one");
    for (const auto& job : answer.claimed)
        require(job->damage.empty(), "no damaged job runs");
    for (const auto& one : answer.news)
        require(one.why != job_news::cause::unfit || one.job->state == job_state::failed, "a damaged job fails");
    request.claim.reset();
    for (const auto& job : answer.claimed) {
        auto change = job->id.str() == "good" ? domain::after_success(*job, "1", request.now)
                                              : domain::after_failure(*job, {.message = "boom"}, request.now, 0.5);
        request.settlements.push_back(
            {.job = {.queue = "q", .key = job->key, .token = job->token}, .change = std::move(change)}
        );
    }
    for (const auto end : store::settle_and_claim(*with_, request).settlements)
        require(end == settled::accepted || end == settled::cancelled, "what was claimed can be settled");
}

void row_damage::change_everything()
{
    const auto& with = with_;
    const job_change changes[] = {
        promotion{}, retrial{}, new_delay{.wait = seconds{1}}, new_priority{.priority = 1}, cancellation{.why = "why"}
    };
    for (const auto& change : changes)
        may_refuse([&] { store::change(*with, "q", "bad", change, time_point{}); });
    for (const auto state :
         {job_state::waiting, job_state::delayed, job_state::active, job_state::completed, job_state::failed})
        may_refuse([&] {
            const job_filter filter{.state = state, .name = "x", .tag = tag{.key = "k", .value = "v"}};
            store::change_all(*with, "q", filter, {}, retrial{}, time_point{});
        });
    may_refuse([&] { store::position(*with, "q", "bad"); });
    may_refuse([&] { store::update_data(*with, {.queue = "q", .id = "bad"}, std::string(1000, 'x')); });
    may_refuse([&] { store::add(*with, one_job("bad")); });
    may_refuse([&] { store::add(*with, one_job("new")); });
    for (const auto how :
         {deduplication::mode::until_finished,
          deduplication::mode::extend,
          deduplication::mode::replace,
          deduplication::mode::keep_last}) {
        const deduplication dedup{.id = "d", .how = how, .ttl = seconds{1}};
        may_refuse([&] { store::add(*with, {some_job("unique", "{}", {.dedup = dedup, .group = "g"})}); });
    }
    may_refuse([&] { store::update_progress(*with, {.queue = "q", .id = "bad"}, "1"); });
    may_refuse([&] { store::add_log(*with, {.queue = "q", .id = "bad"}, {.text = "line"}, 1); });
    claim_everything();
    may_refuse([&] { store::change(*with, "q", "bad", removal{}, time_point{}); });
}

}  // namespace cofila::test
