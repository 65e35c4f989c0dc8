#include "integration/every_operation.hpp"

#include "store/adding.hpp"
#include "store/changing.hpp"
#include "store/reading.hpp"
#include "store/settling.hpp"
#include "store/sweeping.hpp"
#include "store/watching.hpp"
#include "store/writing.hpp"

namespace cofila::test {

using namespace std::chrono_literals;

namespace {

/// Every change once, of one job and of many.
void change_everything(sqlite::session& tx, time_point now)
{
    const std::string long_text = '"' + std::string(1000, 'x') + '"';
    store::change(tx, "q", "d", promotion{}, now);
    store::change(tx, "q", "d", new_delay{.wait = 1s}, now);
    store::change(tx, "q", "d", new_priority{.priority = 1}, now);
    store::change(tx, "q", "d", cancellation{.why = "why"}, now);
    store::add(tx, {some_job("f", "1", {.lifo = true, .ttl = 1ms}), some_job("g", "1", {.lifo = true})});
    store::update_data(tx, {.queue = "q", .id = "f"}, long_text);
    store::update_data(tx, {.queue = "q", .id = "f"}, "1");
    settle_and_claim_request request{.now = now};
    request.claim = {.queue = "q", .tokens = {{.low = 7}}, .worker = "w", .lock_duration = 30s};
    const auto job = store::settle_and_claim(tx, request).claimed.at(0);
    store::change(tx, "q", job->id, cancellation{.why = "why"}, now);
    request.settlements = {{.job = job_ref::of(*job), .change = domain::after_deferral(*job, delay_for{}, now)}};
    const auto next = store::settle_and_claim(tx, request).claimed.at(0);
    request.settlements = {{.job = job_ref::of(*next), .change = domain::after_deferral(*next, rate_limited{}, now)}};
    store::settle_and_claim(tx, request);
    store::sweep(tx, {.now = now + 1h});
    for (const auto state : {job_state::waiting, job_state::delayed, job_state::completed, job_state::failed}) {
        const job_filter filter{.state = state, .name = "task", .tag = tag{.key = "k", .value = "v"}};
        store::change_all(tx, "q", filter, {}, removal{}, now);
    }
}

/// A queue with groups, owners of deduplication ids and every limit.
void limit_everything(sqlite::session& tx, time_point now)
{
    store::set(tx, "limited", global_concurrency{.jobs = 9});
    store::set(tx, "limited", global_rate{.rate = rate_limit{.max = 9}});
    store::set(tx, "limited", group_options{.concurrency = 1, .rate = rate_limit{.max = 9}, .keep_order = true});
    const auto unique = [](const char* id, deduplication::mode how) {
        const deduplication dedup{.id = "d", .how = how, .ttl = 1s};
        return std::vector{in_queue("limited", some_job(id, "1", {.attempts = 2, .dedup = dedup, .group = "g"}))};
    };
    store::add(tx, unique("a", deduplication::mode::extend));
    store::add(tx, unique("b", deduplication::mode::extend));
    store::add(tx, {in_queue("limited", some_job("none"))});
    settle_and_claim_request request{.now = now};
    request.claim = {.queue = "limited", .tokens = {{.low = 8}, {.low = 9}}, .worker = "w", .lock_duration = 30s};
    const auto job = store::settle_and_claim(tx, request).claimed.at(0);
    store::add(tx, unique("kept", deduplication::mode::keep_last));
    store::situation(tx, "limited", "kept", now);
    request.settlements = {
        {.job = job_ref::of(*job), .change = domain::after_failure(*job, {.message = "boom"}, now, 0)}
    };
    const auto again = store::settle_and_claim(tx, request).claimed.at(0);
    request.settlements = {{.job = job_ref::of(*again), .change = domain::after_success(*again, "1", now)}};
    store::settle_and_claim(tx, request);
    store::add(tx, unique("late", deduplication::mode::extend));
}

/// A queue whose events are kept and whose jobs are counted.
void watch_everything(sqlite::session& tx, time_point now)
{
    store::set(tx, "watched", event_log{.events = 9});
    store::set(tx, "watched", metrics_log{.minutes = 9});
    store::add(tx, {in_queue("watched", some_job("a"))});
    store::set_event_cursor(tx, "watched", "reader", 1);
    store::set_event_cursor(tx, "watched", "reader", {});
    store::event_log_of(tx, "watched", "reader");
    store::events_after(tx, "watched", 0, 9);
    store::metrics(tx, "watched", now, {});
}

}  // namespace

void use_everything(sqlite::session& tx)
{
    const auto now = manual_clock::start;
    const std::string long_text = '"' + std::string(1000, 'x') + '"';
    std::vector<job_snapshot> jobs{
        some_job("a", long_text, {.attempts = 2, .on_completed = retention::keep_last(1)}),
        some_job("b", "1", {.lifo = true, .delay = 1ms}),
        some_job("c"),
    };
    store::add(tx, jobs);
    store::add(tx, jobs);  // duplicates
    settle_and_claim_request request{.now = now};
    request.claim = {.queue = "q", .tokens = {{.low = 1}}, .worker = "w", .lock_duration = 30s};
    auto job = store::settle_and_claim(tx, request).claimed.at(0);
    const auto end = [&](transition change) {
        request.settlements = {{.job = job_ref::of(*job), .change = std::move(change)}};
        const auto answer = store::settle_and_claim(tx, request);
        if (!answer.claimed.empty())
            job = answer.claimed.front();
        return answer;
    };
    store::extend_locks(tx, now, {{.job = job_ref::of(*job), .duration = 30s}});
    store::update_progress(tx, job_ref::of(*job), "1");
    store::add_log(tx, job_ref::of(*job), {.text = "line"}, 1);
    end(domain::after_failure(*job, {.message = "boom"}, now, 0));
    end(domain::after_success(*job, long_text, now));
    request.now = now + 1s;
    for (int i = 0; i < 4; ++i)
        end(domain::after_success(*job, "1", now));
    request.settlements.clear();
    store::settle_and_claim(tx, request);
    store::change(tx, "q", "c", retrial{}, now);
    job = store::settle_and_claim(tx, request).claimed.at(0);
    tables_of(tx).locks();
    store::sweep(
        tx, {.now = now + 2s, .rescues = {{.key = job->key, .token = job->token, .locked_until = *job->locked_until}}}
    );
    store::add(tx, {some_job("d", "1", {.delay = 1h}), some_job("e", "1", {.delay = 1h})});
    change_everything(tx, now);
    limit_everything(tx, now);
    watch_everything(tx, now);
    store::set_paused(tx, "q", true);
    store::is_paused(tx, "q");
    store::get(tx, "q", "a");
    store::counts(tx, "q");
    for (const bool newest_first : {false, true}) {
        store::logs(tx, "q", "a", {.newest_first = newest_first});
        for (int state = 0; state < 6; ++state)
            store::list(tx, "q", {.state = static_cast<job_state>(state)}, {.newest_first = newest_first});
        store::list(tx, "q", {.state = {job_state::completed, job_state::failed}}, {.newest_first = newest_first});
        for (const std::string after : {"", "a"}) {
            store::list(tx, "q", {}, {.after = after.empty() ? after : 'i' + after, .newest_first = newest_first});
            store::queues(tx, {.after = after.empty() ? after : 'q' + after, .newest_first = newest_first});
        }
    }
    store::counts_by_priority(tx, "q", {0, 1});
    store::add(tx, {some_job("h")});
    store::position(tx, "q", "h");
    store::change(tx, "q", "a", removal{}, now);
    store::reset_queue(tx, "q");
    tables_of(tx).register_worker({.id = "w"});
    tables_of(tx).workers();
    tables_of(tx).forget_worker("w");
    tx.flush();
}

}  // namespace cofila::test
