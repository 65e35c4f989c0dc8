// Jobs that have not finished are copied in the order of their positions, of which the other store gives its own; those
// that wait for the end of another one come last, since they name it by its key. The settings come after the jobs, so
// that no limit, no event log and no count is in the way.
#include "copy.hpp"

#include <cofila/clock.hpp>
#include <cofila/error.hpp>

#include <algorithm>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "queue_copy.hpp"
#include "store/reading.hpp"

namespace copying {

using namespace cofila;

namespace {

constexpr std::size_t jobs_in_a_transaction = 200;
constexpr int jobs_on_a_page = 1000;
constexpr int all = std::numeric_limits<int>::max();

/// A job of the source, by what the order of copying goes by.
struct place {
    std::int64_t position = 0;
    std::int64_t key = 0;
    bool is_kept = false;  ///< For the end of another one.

    /// Those at the head are added from the last one on.
    auto order() const { return std::pair{is_kept, position < 0 ? -position : position}; }
};

std::vector<place> places_of(store& from, const std::string& queue, job_states states)
{
    std::vector<place> out;
    page_request request{.limit = jobs_on_a_page};
    do {
        const auto page =
            read(from, [&](auto& db) { return cofila::store::list(db, queue, {.state = states}, request); });
        for (const auto& job : page.items)
            out.push_back({.position = job->position, .key = job->key, .is_kept = job->kept_for != 0});
        request.after = page.next;
    } while (!request.after.empty());
    return out;
}

/// The jobs of a queue in the order in which they are copied.
std::vector<place> places_of(store& from, const std::string& queue)
{
    auto out = places_of(from, queue, {job_state::completed, job_state::failed});
    std::vector<place> live;
    for (const auto state : {job_state::active, job_state::waiting, job_state::delayed}) {
        const auto some = places_of(from, queue, state);
        live.insert(live.end(), some.begin(), some.end());
    }
    std::ranges::sort(live, {}, &place::order);
    out.insert(out.end(), live.begin(), live.end());
    return out;
}

std::vector<whole_job> read_jobs(store& from, std::span<const place> places)
{
    return read(from, [&](cofila::store::tables& db) {
        std::vector<whole_job> out;
        for (const auto& at : places)
            if (auto job = db.find(at.key))
                out.push_back(
                    {.job = std::move(*job),
                     .attempts = db.attempts(at.key),
                     .log = db.log(at.key, std::numeric_limits<std::int64_t>::min(), false, all)}
                );
        return out;
    });
}

void copy_settings(store& to, const queue_info& source)
{
    const auto& settings = source.settings;
    write(to, [&](cofila::store::tables& db) {
        const auto queue = db.find_or_make_queue(source.name);
        db.set(queue, global_concurrency{.jobs = settings.concurrency});
        db.set(queue, global_rate{.rate = settings.rate});
        db.set(queue, settings.group);
        db.set(queue, event_log{.events = settings.keep_events});
        db.set(queue, metrics_log{.minutes = settings.keep_minutes});
        db.set_paused(queue, settings.paused);
        if (settings.rests_until)
            db.rest_queue(queue, *settings.rests_until);
    });
}

void check_idle(const job_record& job, time_point now)
{
    if (job.state == job_state::active && job.locked_until > now)
        throw error{
            errc::wrong_state, "job '" + job.id.str() + "' of queue '" + job.queue + "' runs: stop all workers first"
        };
}

count copy_queue(store& from, store& to, const std::string& queue)
{
    const auto places = places_of(from, queue);
    queue_copy copy{to, queue};
    count out{.jobs = places.size()};
    for (std::span<const place> left{places}; !left.empty();) {
        const auto some = left.first(std::min(left.size(), jobs_in_a_transaction));
        const auto jobs = read_jobs(from, some);
        for (const auto& one : jobs)
            check_idle(one.job, system_clock()->wall_now());
        write(to, [&](auto&) {
            for (const auto& one : jobs)
                out.copied += copy.add(one) ? 1U : 0U;
        });
        left = left.subspan(some.size());
    }
    return out;
}

}  // namespace

void copy_all(store& from, store& to, const std::function<void(const std::string& queue, count)>& tell)
{
    page_request request{.limit = jobs_on_a_page};
    do {
        const auto page = read(from, [&](auto& db) { return cofila::store::queues(db, request); });
        for (const auto& queue : page.items) {
            tell(queue.name, copy_queue(from, to, queue.name));
            copy_settings(to, queue);
        }
        request.after = page.next;
    } while (!request.after.empty());
}

}  // namespace copying
