#include "input/damaged_rows.hpp"

#include <cofila/error.hpp>

#include <SQLiteCpp/Statement.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "domain/stall_watch.hpp"
#include "domain/why.hpp"
#include "input/damaged_job.hpp"
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
