// A page of jobs is filled from one listing after the other, each in its own order. What a filter leaves out is
// examined too, up to a bound, and one job more than that is read, which shows whether there is a next page. A walk by
// ids has a bound of its own and says where the next page begins.
#include "store/reading.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

#include "domain/listing.hpp"
#include "store/cursor.hpp"
#include "store/finding.hpp"
#include "store/taking.hpp"

namespace cofila::store {

namespace {

std::int64_t as_number(std::optional<time_point> at) { return at.value_or(time_point{}).time_since_epoch().count(); }

/// Where a job stands in a listing.
listing_place place_in(char listing, const job_record& job)
{
    switch (listing) {
    case 'w':
        return {.first = job.priority, .second = job.position};
    case 'd':
        return {.first = as_number(job.run_at), .second = job.position};
    case 'c':
    case 'f':
    case 'e':
        return {.first = as_number(job.finished_at), .second = job.key};
    default:
        return {.first = job.key, .second = 0};
    }
}

/// Fills a page with jobs that are read one by one.
class page_of_jobs {
public:
    using cursor_of = std::function<std::string(const job_record&)>;

    page_of_jobs(const job_filter& filter, const page_request& request) : filter_{filter}, request_{request} {}

    page<job_snapshot> out{};

    static constexpr int most_read = domain::most_examined + 1;

    /// Returns false where no further job of this listing is to be read.
    bool add(job_record job, const cursor_of& cursor)
    {
        if (static_cast<int>(out.items.size()) == request_.limit || examined_ == domain::most_examined) {
            out.next = std::move(last_);
            full_ = true;
            return false;
        }
        if (domain::none_follow(job, filter_, request_.newest_first))
            return false;
        ++examined_;
        last_ = cursor(job);
        if (domain::matches(job, filter_))
            out.items.push_back(std::make_shared<const job_record>(std::move(job)));
        return true;
    }
    bool full() const { return full_; }

private:
    const job_filter& filter_;
    const page_request& request_;
    std::string last_{};  // the cursor of the last job examined
    int examined_ = 0;
    bool full_ = false;
};

page<job_snapshot> list_by_id(tables& db, std::int64_t queue, const job_filter& filter, const page_request& request)
{
    const auto after = parse_text('i', request);
    if (queue == 0)
        return {};
    page_of_jobs filling{filter, request};
    const auto cursor = [](const job_record& job) { return "i" + job.id.str(); };
    const auto add = [&](job_record job) { return filling.add(std::move(job), cursor); };
    const auto rest = db.walk_ids(queue, after, request.newest_first, page_of_jobs::most_read, add);
    if (!rest.empty())
        filling.out.next = "i" + rest;
    return std::move(filling.out);
}

/// Whether there is a next page, for which one item more than the page has was read; that is dropped.
template <class Item>
bool has_more(std::vector<Item>& items, const page_request& request)
{
    if (static_cast<int>(items.size()) <= request.limit)
        return false;
    items.pop_back();
    return true;
}

std::optional<time_point> full_until(
    tables& db, std::int64_t queue, const std::string* group, const std::optional<rate_limit>& rate, time_point now
)
{
    if (!rate)
        return {};
    const auto room = room_within(db, queue, group, *rate, now);
    return room.jobs == 0 ? room.again : std::nullopt;
}

}  // namespace

std::optional<job_record> get(tables& db, const std::string& queue, const job_id& id)
{
    const auto number = db.find_queue(queue);
    auto job = number ? db.find(*number, id) : std::nullopt;
    if (job)
        job->attempts = db.attempts(job->key);
    return job;
}

page<job_snapshot> list(tables& db, const std::string& queue, const job_filter& filter, const page_request& request)
{
    const auto number = db.find_queue(queue).value_or(0);  // no queue has number 0
    if (filter.state.empty())
        return list_by_id(db, number, filter, request);
    const auto listings = domain::listings_of(filter.state, request.newest_first);
    auto next = listings.begin();
    if (!request.after.empty())
        next = std::ranges::find(listings, request.after.front(), &domain::listing::letter);
    if (next == listings.end())
        refuse_cursor();
    page_of_jobs filling{filter, request};
    auto after = parse_place(next->letter, request);
    for (; !filling.full() && next != listings.end(); ++next) {
        const auto cursor = [&](const job_record& job) { return to_text(next->letter, place_in(next->letter, job)); };
        const auto add = [&](job_record job) { return filling.add(std::move(job), cursor); };
        db.walk(number, next->letter, after, request.newest_first, page_of_jobs::most_read, add);
        after = listing_place::before_all(request.newest_first);
    }
    return std::move(filling.out);
}

job_counts counts(tables& db, const std::string& queue)
{
    const auto number = db.find_queue(queue);
    return number ? db.counts(*number) : job_counts{};
}

std::vector<std::size_t> counts_by_priority(tables& db, const std::string& queue, const std::vector<int>& priorities)
{
    const auto number = db.find_queue(queue).value_or(0);
    std::vector<std::size_t> out;
    for (const int priority : priorities)
        out.push_back(db.count_of_priority(number, priority));
    return out;
}

std::optional<std::size_t> position(tables& db, const std::string& queue, const job_id& id)
{
    const auto number = db.find_queue(queue);
    const auto job = number ? db.find(*number, id) : std::nullopt;
    if (!job || job->state != job_state::waiting)
        return {};
    return db.count_before(*number, *job);
}

queue_settings settings(tables& db, const std::string& queue)
{
    const auto number = db.find_queue(queue);
    return number ? db.all_settings(*number) : queue_settings{};
}

bool is_paused(tables& db, const std::string& queue) { return settings(db, queue).paused; }

page<queue_info> queues(tables& db, const page_request& request)
{
    const auto after = parse_text('q', request);
    page<queue_info> out{.items = db.queues(after, request.newest_first, request.limit + 1)};
    if (has_more(out.items, request))
        out.next = 'q' + out.items.back().name;
    return out;
}

page<log_line> logs(tables& db, const std::string& queue, const job_id& id, const page_request& request)
{
    const auto after = parse_place('l', request);
    const auto number = db.find_queue(queue);
    const auto key = number ? db.key_of(*number, id) : 0;
    auto lines = db.log(key, after.first, request.newest_first, request.limit + 1);
    page<log_line> out;
    if (has_more(lines, request))
        out.next = to_text('l', {.first = lines.back().sequence, .second = 0});
    for (auto& one : lines)
        out.items.push_back(std::move(one.line));
    return out;
}

std::optional<job_situation> situation(tables& db, const std::string& queue, const job_id& id, time_point now)
{
    const auto number = db.find_queue(queue);
    auto job = number ? db.find(*number, id) : std::nullopt;
    if (!job)
        return {};
    job_situation out{.settings = db.all_settings(*number), .last_claim = db.last_claim(*number)};
    out.queue = db.holders(*number, nullptr);
    out.queue.full_until = full_until(db, *number, nullptr, out.settings.rate, now);
    if (const auto& group = job->options->group) {
        out.group = db.holders(*number, &*group);
        out.group.full_until = full_until(db, *number, &*group, out.settings.group.rate, now);
        out.group_retries = db.in_the_middle(*number, *group);
    }
    if (job->kept_for != 0)
        if (auto owner = db.find(job->kept_for))
            out.owner = std::move(owner->id);
    if (job->state == job_state::waiting)
        out.ahead = db.count_before(*number, *job);
    out.job = std::make_shared<const job_record>(std::move(*job));
    return out;
}

std::vector<std::optional<std::string>> cancellations(tables& db, const std::vector<job_ref>& locks)
{
    std::vector<std::optional<std::string>> out;
    for (const auto& lock : locks) {
        const auto held = find_lock(db, lock);
        out.push_back(held ? db.cancellation(*held) : std::nullopt);
    }
    return out;
}

}  // namespace cofila::store
