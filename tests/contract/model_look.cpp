// What both sides of a game must have in common.
#include "contract/model_player.hpp"
#include "contract/model_text.hpp"

namespace cofila::test {

player::step player::state()
{
    std::string out;
    for (const auto& q : queues_)
        out += co_await state_of(q);
    const auto locks = co_await sorted_locks();
    for (const auto& lock : locks)
        out += "lock " + lock.token + ' ' + text(lock.locked_until) + ' ' + std::to_string(lock.lock_duration.count()) +
               '\n';
    co_return out;
}

player::step player::state_of(subject q)
{
    const auto log = co_await q->event_log_of(q.queue(), "reader");
    const auto settings = co_await q->settings(q.queue());
    std::string out = q.queue() + '\n' + text(settings) + text(log);
    const auto all = co_await q.list({});
    for (const auto& one : all) {
        out += text(co_await q.get(one));
        out += text(co_await q.logs(one));
    }
    co_return out;
}

player::step player::look()
{
    std::string out = "queues\n" + text(co_await queues_[0].queues(1)) + text(co_await queues_[0].queues(5, true));
    for (const auto& q : queues_)
        out += co_await look_at(q);
    co_return out;
}

player::step player::look_at(subject q)
{
    const auto metrics = co_await q->metrics(q.queue(), q.now(), {});
    const auto past = co_await q->metrics(q.queue(), q.now(), {.before = q.now()});
    const bool paused = co_await q->is_paused(q.queue());
    std::string out = q.queue() + (paused ? " paused\n" : "\n") + text(metrics) + text(past);
    const auto counts = co_await q.counts();
    for (const auto count : {counts.waiting, counts.delayed, counts.active, counts.completed, counts.failed})
        out += std::to_string(count) + '\n';
    const auto by_priority = co_await q->counts_by_priority(q.queue(), {3, 2, 1, 0});
    for (const auto count : by_priority)
        out += std::to_string(count) + '\n';
    for (std::uint32_t i = 0; i < 5; ++i) {
        const auto all = some_filter(i, q.now());  // of a state
        out += "list\n" + text(co_await q.list(all.state, 7));
        out += "backwards\n" + text(co_await q.list(all.state, 7, true));
        out += "some\n" + text(co_await q.find(some_filter(i * 131 + 2, q.now()), 3));
    }
    for (const bool newest_first : {false, true})
        for (std::uint32_t i = 0; i < 6; ++i) {
            auto several = some_filter(i * 131 + 2, q.now());
            several.state = some_states(i);
            out += "several\n" + text(co_await q.find(several, 4, newest_first));
        }
    out += "by id\n" + text(co_await q.list({}, 3, true));
    const auto tagged = co_await q.find({.tag = tag{.key = "k", .value = "0"}}, 2);
    out += "tagged\n" + text(tagged);
    const auto all = co_await q.list({});
    for (const auto& one : all) {
        const auto position = co_await q->position(q.queue(), one);
        if (const auto situation = co_await q->situation(q.queue(), one, q.now()))
            out += text(*situation);
        out += position ? "  at " + std::to_string(*position) + '\n' : "  nowhere\n";
    }
    co_return out;
}

}  // namespace cofila::test
