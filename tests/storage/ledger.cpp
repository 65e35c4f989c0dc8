#include "storage/ledger.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "domain/transitions.hpp"

namespace cofila::test {

namespace {

std::string text(std::optional<time_point> time)
{
    return time ? std::to_string(time->time_since_epoch().count()) : "-";
}

logged_job logged(const job_record& job, const std::string& logs)
{
    logged_job out{};
    static_cast<job_record&>(out) = job;
    out.logs = logs;
    return out;
}

auto looked_at(const logged_job& job)
{
    return std::tie(
        job.state,
        job.token,
        job.locked_until,
        job.run_at,
        job.finished_at,
        job.attempts_started,
        job.attempts_made,
        job.progress,
        job.result,
        job.data,
        job.logs
    );
}

bool same(const std::optional<logged_job>& one, const std::optional<logged_job>& other)
{
    return one && other ? looked_at(*one) == looked_at(*other) : one.has_value() == other.has_value();
}

std::string text_of(const std::optional<logged_job>& of)
{
    if (!of)
        return "not there";
    const auto& job = *of;
    const auto number = [](int n) { return std::to_string(n); };
    return number(static_cast<int>(job.state)) + ' ' + job.token + ' ' + text(job.locked_until) + ' ' +
           text(job.run_at) + ' ' + text(job.finished_at) + ' ' + number(job.attempts_started) + ' ' +
           number(job.attempts_made) + " progress " + job.progress + " result " + job.result + " data " + job.data +
           " logs " + job.logs;
}

std::optional<logged_job> waiting_if_delayed(const std::optional<logged_job>& before)
{
    auto after = before;
    if (after && after->state == job_state::delayed) {
        after->state = job_state::waiting;
        after->run_at.reset();
    }
    return after;
}

}  // namespace

findings& findings::operator+=(const findings& more)
{
    lost += more.lost;
    torn += more.torn;
    unexpected += more.unexpected;
    corrupt += more.corrupt;
    ghosts += more.ghosts;
    if (text.empty())
        text = more.text;
    return *this;
}

bool ledger::can_be(const known& of, const stored& job)
{
    return std::ranges::any_of(of.may_be, [&](const stored& one) { return same(one, job); });
}

/// What changes only jobs of one state leaves most of them alone: they need not be gone through.
bool ledger::may_have_state(const known& of, job_state state)
{
    return std::ranges::any_of(of.may_be, [&](const stored& job) { return job && job->state == state; });
}

void ledger::make(known& of, const effect& change, told how)
{
    if (how == told::failed)
        return;
    std::vector<stored> after;
    for (const auto& before : of.may_be)
        after.push_back(change(before));
    if (how == told::done) {
        of.believed = after.front();
        of.may_be.clear();
    }
    for (auto& one : after)
        if (!can_be(of, one))
            of.may_be.push_back(std::move(one));
}

void ledger::make_active(const job_snapshot& claim, const std::function<void(logged_job&)>& change, told how)
{
    const auto where_held = [&](const stored& before) {
        auto after = before;
        if (after && after->state == job_state::active && after->token == claim->token)
            change(*after);
        return after;
    };
    make(entries_.at(claim->id.str()), where_held, how);
}

void ledger::add(const jobs& together, told how)
{
    auto& ids = together_.emplace_back();
    for (const auto& job : together) {
        ids.push_back(job->id.str());
        auto& entry = entries_[job->id.str()];
        if (entry.may_be.empty())
            entry.may_be.emplace_back();
        make(entry, [&](const stored& before) { return before ? before : logged(*job, ""); }, how);
    }
}

void ledger::claim(const claim_order& order, time_point now, const jobs& claimed, told how)
{
    for (const auto& job : claimed)
        make(
            entries_.at(job->id.str()),
            [&](const stored& before) -> stored { return logged(*job, before ? before->logs : ""); },
            how
        );
    if (how != told::unknown)
        return;
    for (auto& [id, entry] : entries_) {
        if (!may_have_state(entry, job_state::waiting))
            continue;
        for (const auto& token : order.tokens) {
            const auto taken = [&](const stored& before) {
                auto after = before;
                if (after && after->state == job_state::waiting)
                    domain::lock(*after, token, order.worker, order.lock_duration, now);
                return after;
            };
            make(entry, taken, how);
        }
    }
}

void ledger::settle(const job_snapshot& job, const transition& change, told how)
{
    make_active(job, [&](logged_job& at) { domain::apply(at, change); }, how);
}

void ledger::progress(const job_snapshot& job, const std::string& text, told how)
{
    make_active(job, [&](logged_job& at) { at.progress = text; }, how);
}

void ledger::extend(const job_snapshot& job, time_point until, told how)
{
    make_active(job, [&](logged_job& at) { at.locked_until = until; }, how);
}

void ledger::promote(const std::vector<job_id>& promoted, told how)
{
    for (auto& [id, entry] : entries_)
        if (how == told::unknown ? may_have_state(entry, job_state::delayed)
                                 : std::ranges::find(promoted, job_id{id}) != promoted.end())
            make(entry, waiting_if_delayed, how);
}

void ledger::promote_one(const job_id& id, told how) { make(entries_.at(id.str()), waiting_if_delayed, how); }

void ledger::log(const job_snapshot& job, const std::string& line, told how)
{
    make_active(job, [&](logged_job& at) { at.logs += line + '\n'; }, how);
}

void ledger::remove(const job_id& id, told how)
{
    const auto gone = [](const stored& before) {
        return before && before->state == job_state::active ? before : stored{};
    };
    make(entries_.at(id.str()), gone, how);
}

void ledger::retry(const job_id& id, told how)
{
    const auto again = [](const stored& before) {
        auto after = before;
        if (after && is_finished(after->state))
            domain::apply(*after, domain::after_retry(*after, {}));
        return after;
    };
    make(entries_.at(id.str()), again, how);
}

void ledger::set(const std::string& name, const std::string& value, told how)
{
    auto& of = values_[name];
    if (how == told::done)
        of = {.believed = value, .may_be = {}};
    if (how != told::failed)
        of.may_be.push_back(value);
}

std::vector<std::string> ledger::ids() const
{
    std::vector<std::string> out;
    for (const auto& [id, entry] : entries_)
        out.push_back(id);
    return out;
}

findings ledger::compare(const store_content& found) const
{
    findings out;
    compare_jobs(found, out);
    compare_others(found, out);
    compare_bulks(found, out);
    return out;
}

void ledger::compare_jobs(const store_content& found, findings& out) const
{
    for (const auto& [id, entry] : entries_) {
        const auto& job = found.jobs.at(id);
        if (can_be(entry, job)) {
            out.ghosts += same(job, entry.believed) ? 0 : 1;
            continue;
        }
        const bool may_be_absent = std::ranges::any_of(entry.may_be, [](const stored& one) { return !one; });
        ++(job && may_be_absent ? out.unexpected : out.lost);
        out.text += "job '" + id + "' is: " + text_of(job) + "\n";
        for (const auto& one : entry.may_be)
            out.text += "  may be: " + text_of(one) + "\n";
    }
}

void ledger::compare_others(const store_content& found, findings& out) const
{
    for (const auto& [name, value] : values_) {
        const auto& is = found.others.at(name);
        if (std::ranges::find(value.may_be, is) == value.may_be.end()) {
            ++out.lost;
            out.text += name + " is: '" + is + "', and should be '" + value.believed + "'\n";
        } else {
            out.ghosts += is != value.believed ? 1 : 0;
        }
    }
}

void ledger::compare_bulks(const store_content& found, findings& out) const
{
    for (const auto& ids : together_) {
        const auto there = std::ranges::count_if(ids, [&](const auto& id) { return found.jobs.at(id).has_value(); });
        if (there != 0 && there != std::ssize(ids)) {
            ++out.torn;
            out.text += "of " + std::to_string(ids.size()) + " jobs with '" + ids.front() + "' there are " +
                        std::to_string(there) + "\n";
        }
    }
}

}  // namespace cofila::test
