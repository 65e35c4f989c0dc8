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
#include "sqlite/adding.hpp"
#include "sqlite/changing.hpp"
#include "sqlite/observation.hpp"
#include "sqlite/queries.hpp"
#include "sqlite/schema.hpp"
#include "sqlite/settings.hpp"
#include "sqlite/settling.hpp"
#include "sqlite/sweeping.hpp"
#include "sqlite/workers.hpp"
#include "sqlite/writing.hpp"

namespace cofila::test {

namespace {

constexpr std::array<std::string_view, 68> all_places{
    "cofila_jobs.state",
    "cofila_jobs.priority",
    "cofila_jobs.position",
    "cofila_jobs.created_at",
    "cofila_jobs.run_at",
    "cofila_jobs.processed_at",
    "cofila_jobs.finished_at",
    "cofila_jobs.attempts_made",
    "cofila_jobs.attempts_started",
    "cofila_jobs.stalled_count",
    "cofila_jobs.token",
    "cofila_jobs.locked_until",
    "cofila_jobs.lock_duration",
    "cofila_jobs.worker",
    "cofila_jobs.options",
    "cofila_jobs.progress",
    "cofila_jobs.data",
    "cofila_jobs.result",
    "cofila_jobs.failed_reason",
    "cofila_jobs.prune_at",
    "cofila_jobs.prune_count",
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
    "cofila_jobs.expires_at",
    "cofila_jobs.cancelled",
    "cofila_queues.rests_until",
    "cofila_jobs.group_key",
    "cofila_jobs.dedup_id",
    "cofila_jobs.dedup_until",
    "cofila_jobs.kept_for",
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
    "cofila_groups.group_key",
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
};

/// What a job has in each state, beside what all have.
constexpr const char* rows = R"sql(
UPDATE cofila_jobs SET state = ?1,
    run_at = iif(?1 = 1, 4000000000000, NULL),
    token = iif(?1 = 2, 'token', ''), locked_until = iif(?1 = 2, 1000, NULL),
    finished_at = iif(?1 > 3, 1000, NULL), prune_count = iif(?1 > 3, 1, NULL),
    expires_at = iif(?1 < 2, 4000000000000, 1000), cancelled = iif(?1 = 2, 'why', NULL), group_key = 'g',
    dedup_id = 'd', dedup_until = iif(?1 > 3, 1000, NULL), kept_for = iif(?1 = 1, 2, NULL)
WHERE id = 'bad'
)sql";
constexpr const char* more_rows = R"sql(
INSERT INTO cofila_attempts SELECT key, 1, 1, 'boom', 'error', '', 0, 1000, 'w' FROM cofila_jobs WHERE id = 'bad';
INSERT INTO cofila_logs SELECT key, 1, 1000, 'line' FROM cofila_jobs WHERE id = 'bad';
INSERT INTO cofila_workers VALUES ('w', 'boot', 1, 1, 1, 1000);
UPDATE cofila_queues SET grouped = 1 WHERE name = 'q';
INSERT INTO cofila_claim_log SELECT number, 1893455999000, 'g', 1 FROM cofila_queues WHERE name = 'q';
INSERT INTO cofila_groups SELECT number, 'g', 1 FROM cofila_queues WHERE name = 'q';
INSERT INTO cofila_watched SELECT number, 9, 1, 9 FROM cofila_queues WHERE name = 'q';
INSERT INTO cofila_events SELECT number, 1, 0, 'bad', NULL, 0, 1000, 'x' FROM cofila_queues WHERE name = 'q';
INSERT INTO cofila_cursors SELECT number, 'reader', 1 FROM cofila_queues WHERE name = 'q';
INSERT INTO cofila_metrics SELECT number, 1, 4, 1, 1, 1 FROM cofila_queues WHERE name = 'q';
)sql";

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
bool is_open(sqlite::session& with)
{
    const auto queue = with.find_queue("q");
    auto limits = queue ? sqlite::read_limits(with, *queue) : queue_limits{};
    if (limits.rests_until <= manual_clock::start)
        limits.rests_until.reset();
    limits.group = {};
    return limits == queue_limits{};
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
        sqlite::writing_runner runner{connecting(path), false};
        run_one(runner, [](sqlite::session& with) { sqlite::add(with, one_job("bad")); });
        run_one(runner, [](sqlite::session& with) {
            sqlite::add(with, {some_job("good", "{}", {.priority = 2'000'000})});
        });
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
    with_->sql().exec(rows, static_cast<int>(state));
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
        const std::string which = table == "cofila_jobs"     ? " WHERE id = 'bad'"
                                  : table == "cofila_queues" ? " WHERE number <> 0"
                                                             : "";
        SQLite::Statement put{with_->link().db(), "UPDATE " + table + " SET " + column + " = ?1" + which};
        bind(put, value);
        may_refuse([&] { put.exec(); });
    }
}

void row_damage::read_everything()
{
    page_request one{.limit = 1};
    for (int pages = 0; pages < 4; ++pages) {
        auto listed = sqlite::list(*with_, "q", {}, one);
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
            sqlite::list(*with_, "q", {.state = state}, {.newest_first = newest_first});
    sqlite::queues(*with_, {});
    sqlite::counts(*with_, "q");
    sqlite::get(*with_, "q", "bad");
    for (const auto* id : {"bad", "good"})
        if (const auto found = sqlite::situation(*with_, "q", id, manual_clock::start))
            require(!domain::explain(*found, manual_clock::start).causes.empty(), "a job's situation is told");
    require(sqlite::get(*with_, "q", "good").has_value(), "a job is found beside a damaged one");
    sqlite::logs(*with_, "q", "bad", {});
    sqlite::event_log_of(*with_, "q", "reader");
    sqlite::events_after(*with_, "q", 0, 9);
    sqlite::metrics(*with_, "q", manual_clock::start, {});
}

void row_damage::sweep_everything()
{
    domain::stall_watch watch;
    sweep_request request{.now = manual_clock::start, .limit = 10};
    for (const auto& at : {steady_time{}, steady_time{std::chrono::hours{24 * 367}}}) {
        std::vector<domain::stall_watch::view> views;
        for (const auto& lock : sqlite::locks(*with_))
            views.push_back({.lock = lock});
        request.rescues.clear();
        for (const auto& lock : watch.stalled(views, request.now, at))
            request.rescues.push_back({.key = lock.key, .token = lock.token, .locked_until = lock.locked_until});
    }
    const auto answer = sqlite::sweep(*with_, request);
    const auto rescued = std::ranges::count(answer.news, job_news::cause::stalled, &job_news::why);
    require(std::cmp_equal(rescued, request.rescues.size()), "what has stalled is rescued");
}

void row_damage::claim_everything()
{
    settle_and_claim_request request{.now = manual_clock::start};
    request.claim =
        claim_order{.queue = "q", .tokens = {{1, 1}, {1, 2}, {1, 3}}, .worker = "w", .lock_duration = seconds{30}};
    const auto before = sqlite::get(*with_, "q", "good");
    const auto answer = sqlite::settle_and_claim(*with_, request);
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
    for (const auto end : sqlite::settle_and_claim(*with_, request).settlements)
        require(end == settled::accepted || end == settled::cancelled, "what was claimed can be settled");
}

void row_damage::change_everything()
{
    const auto& with = with_;
    const job_change changes[] = {
        promotion{}, retrial{}, new_delay{.wait = seconds{1}}, new_priority{.priority = 1}, cancellation{.why = "why"}
    };
    for (const auto& change : changes)
        may_refuse([&] { sqlite::change(*with, "q", "bad", change, time_point{}); });
    for (const auto state :
         {job_state::waiting, job_state::delayed, job_state::active, job_state::completed, job_state::failed})
        may_refuse([&] {
            const job_filter filter{.state = state, .name = "x", .tag = tag{.key = "k", .value = "v"}};
            sqlite::change_all(*with, "q", filter, {}, retrial{}, time_point{});
        });
    may_refuse([&] { sqlite::position(*with, "q", "bad"); });
    may_refuse([&] { sqlite::update_data(*with, {.queue = "q", .id = "bad"}, std::string(1000, 'x')); });
    may_refuse([&] { sqlite::add(*with, one_job("bad")); });
    may_refuse([&] { sqlite::add(*with, one_job("new")); });
    for (const auto how :
         {deduplication::mode::until_finished,
          deduplication::mode::extend,
          deduplication::mode::replace,
          deduplication::mode::keep_last}) {
        const deduplication dedup{.id = "d", .how = how, .ttl = seconds{1}};
        may_refuse([&] { sqlite::add(*with, {some_job("unique", "{}", {.dedup = dedup, .group = "g"})}); });
    }
    may_refuse([&] { sqlite::update_progress(*with, {.queue = "q", .id = "bad"}, "1"); });
    may_refuse([&] { sqlite::add_log(*with, {.queue = "q", .id = "bad"}, {.text = "line"}, 1); });
    claim_everything();
    may_refuse([&] { sqlite::change(*with, "q", "bad", removal{}, time_point{}); });
}

}  // namespace cofila::test
