#include "integration/every_operation.hpp"

#include <string>
#include <utility>
#include <vector>

#include "integration/some_jobs.hpp"
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
void change_everything(store::tables& db, time_point now)
{
    const std::string long_text = '"' + std::string(1000, 'x') + '"';
    store::change(db, "q", "d", promotion{}, now);
    store::change(db, "q", "d", new_delay{.wait = 1s}, now);
    store::change(db, "q", "d", new_priority{.priority = 1}, now);
    store::change(db, "q", "d", cancellation{.why = "why"}, now);
    store::add(db, {some_job("f", "1", {.lifo = true, .ttl = 1ms}), some_job("g", "1", {.lifo = true})});
    store::update_data(db, {.queue = "q", .id = "f"}, long_text);
    store::update_data(db, {.queue = "q", .id = "f"}, "1");
    settle_and_claim_request request{.now = now};
    request.claim = {.queue = "q", .tokens = {{.low = 7}}, .worker = "w", .lock_duration = 30s};
    const auto job = store::settle_and_claim(db, request).claimed.at(0);
    store::change(db, "q", job->id, cancellation{.why = "why"}, now);
    request.settlements = {{.job = job_ref::of(*job), .change = domain::after_deferral(*job, delay_for{}, now)}};
    const auto next = store::settle_and_claim(db, request).claimed.at(0);
    request.settlements = {{.job = job_ref::of(*next), .change = domain::after_deferral(*next, rate_limited{}, now)}};
    store::settle_and_claim(db, request);
    store::sweep(db, {.now = now + 1h});
    for (const auto state : {job_state::waiting, job_state::delayed, job_state::completed, job_state::failed}) {
        const job_filter filter{.state = state, .name = "task", .tag = tag{.key = "k", .value = "v"}};
        store::change_all(db, "q", filter, {}, removal{}, now);
    }
}

/// A queue with groups, owners of deduplication ids and every limit.
void limit_everything(store::tables& db, time_point now)
{
    store::set(db, "limited", global_concurrency{.jobs = 9});
    store::set(db, "limited", global_rate{.rate = rate_limit{.max = 9}});
    store::set(db, "limited", group_options{.concurrency = 1, .rate = rate_limit{.max = 9}, .keep_order = true});
    const auto unique = [](const char* id, deduplication::mode how) {
        const deduplication dedup{.id = "d", .how = how, .ttl = 1s};
        return std::vector{in_queue("limited", some_job(id, "1", {.attempts = 2, .dedup = dedup, .group = "g"}))};
    };
    store::add(db, unique("a", deduplication::mode::extend));
    store::add(db, unique("b", deduplication::mode::extend));
    store::add(db, {in_queue("limited", some_job("none"))});
    settle_and_claim_request request{.now = now};
    request.claim = {.queue = "limited", .tokens = {{.low = 8}, {.low = 9}}, .worker = "w", .lock_duration = 30s};
    const auto job = store::settle_and_claim(db, request).claimed.at(0);
    store::add(db, unique("kept", deduplication::mode::keep_last));
    store::situation(db, "limited", "kept", now);
    request.settlements = {
        {.job = job_ref::of(*job), .change = domain::after_failure(*job, {.message = "boom"}, now, 0)}
    };
    const auto again = store::settle_and_claim(db, request).claimed.at(0);
    request.settlements = {{.job = job_ref::of(*again), .change = domain::after_success(*again, "1", now)}};
    store::settle_and_claim(db, request);
    store::add(db, unique("late", deduplication::mode::extend));
}

/// A queue whose events are kept and whose jobs are counted.
void watch_everything(store::tables& db, time_point now)
{
    store::set(db, "watched", event_log{.events = 9});
    store::set(db, "watched", metrics_log{.minutes = 9});
    store::add(db, {in_queue("watched", some_job("a"))});
    store::set_event_cursor(db, "watched", "reader", 1);
    store::set_event_cursor(db, "watched", "reader", {});
    store::event_log_of(db, "watched", "reader");
    store::events_after(db, "watched", 0, 9);
    store::metrics(db, "watched", now, {});
}

}  // namespace

void use_everything(store::tables& db)
{
    const auto now = manual_clock::start;
    const std::string long_text = '"' + std::string(1000, 'x') + '"';
    std::vector<job_draft> jobs{
        some_job("a", long_text, {.attempts = 2, .on_completed = retention::keep_last(1)}),
        some_job("b", "1", {.lifo = true, .delay = 1ms}),
        some_job("c"),
    };
    store::add(db, jobs);
    store::add(db, jobs);  // duplicates
    settle_and_claim_request request{.now = now};
    request.claim = {.queue = "q", .tokens = {{.low = 1}}, .worker = "w", .lock_duration = 30s};
    auto job = store::settle_and_claim(db, request).claimed.at(0);
    const auto end = [&](transition change) {
        request.settlements = {{.job = job_ref::of(*job), .change = std::move(change)}};
        const auto answer = store::settle_and_claim(db, request);
        if (!answer.claimed.empty())
            job = answer.claimed.front();
        return answer;
    };
    store::extend_locks(db, now, {{.job = job_ref::of(*job), .duration = 30s}});
    store::update_progress(db, job_ref::of(*job), "1");
    store::add_log(db, job_ref::of(*job), {.text = "line"}, 1);
    end(domain::after_failure(*job, {.message = "boom"}, now, 0));
    end(domain::after_success(*job, long_text, now));
    request.now = now + 1s;
    for (int i = 0; i < 4; ++i)
        end(domain::after_success(*job, "1", now));
    request.settlements.clear();
    store::settle_and_claim(db, request);
    store::change(db, "q", "c", retrial{}, now);
    job = store::settle_and_claim(db, request).claimed.at(0);
    db.locks();
    store::sweep(
        db, {.now = now + 2s, .rescues = {{.key = job->key, .token = job->token, .locked_until = *job->locked_until}}}
    );
    store::add(db, {some_job("d", "1", {.delay = 1h}), some_job("e", "1", {.delay = 1h})});
    change_everything(db, now);
    limit_everything(db, now);
    watch_everything(db, now);
    store::set_paused(db, "q", true);
    store::is_paused(db, "q");
    store::get(db, "q", "a");
    store::counts(db, "q");
    for (const bool newest_first : {false, true}) {
        store::logs(db, "q", "a", {.newest_first = newest_first});
        for (int state = 0; state < 6; ++state)
            store::list(db, "q", {.state = static_cast<job_state>(state)}, {.newest_first = newest_first});
        store::list(db, "q", {.state = {job_state::completed, job_state::failed}}, {.newest_first = newest_first});
        for (const std::string after : {"", "a"}) {
            store::list(db, "q", {}, {.after = after.empty() ? after : 'i' + after, .newest_first = newest_first});
            store::queues(db, {.after = after.empty() ? after : 'q' + after, .newest_first = newest_first});
        }
    }
    store::counts_by_priority(db, "q", {0, 1});
    store::add(db, {some_job("h")});
    store::position(db, "q", "h");
    store::change(db, "q", "a", removal{}, now);
    store::reset_queue(db, "q");
    db.register_worker({.id = "w"});
    db.workers();
    db.forget_worker("w");
}

}  // namespace cofila::test
