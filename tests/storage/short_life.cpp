#include "storage/short_life.hpp"

#include <stdexcept>

#include "domain/transitions.hpp"
#include "store/adding.hpp"
#include "store/changing.hpp"
#include "store/settling.hpp"
#include "store/sweeping.hpp"
#include "store/works.hpp"
#include "store/writing.hpp"

namespace cofila::test {

using kind = store::operation::kind;

namespace {

constexpr const char* queue = "q";
constexpr milliseconds lock_for{30'000};

std::string json_text(std::size_t bytes, char filled_with) { return '"' + std::string(bytes, filled_with) + '"'; }

told answer_of(const test_operation& operation)
{
    if (!operation.failure())
        return told::done;
    return operation.failure()->code() == errc::outcome_unknown ? told::unknown : told::failed;
}

std::vector<job_id> due(const news_list& news)
{
    std::vector<job_id> out;
    for (const auto& one : news)
        if (one.why == job_news::cause::due)
            out.push_back(one.job->id);
    return out;
}

}  // namespace

short_life::short_life(sqlite::connection_options options, std::shared_ptr<manual_clock> clock)
    : clock_{std::move(clock)},
      runner_{std::make_unique<writing_runner>(std::move(options), false)}
{
    ledger_.set("pause", "0", told::done);
    ledger_.set("workers", "", told::done);
}

void short_life::live()
{
    together({registering()});
    together({adding("a", 1, 2), adding("b", 1, 2), adding("c", 1, 700), adding("bulk", 6, 1500)});
    together({claiming(3)});
    together({progressing(), logging(), renewing()});
    if (active_.size() >= 2) {
        const auto first = active_[0];
        const auto second = active_[1];
        together({settling(first, success(first, 900), 1), settling(second, failing(second))});
        together({retrying(first->id), promoting(second->id)});
    }
    tend();
    together({pausing(true)});
    together({pausing(false)});
    together({adding("many", 20, 1200)});
    together({adding("d", 1, 2), claiming(4)});
    complete_all();
    together({removing(job_id{"a0"}), removing(job_id{"c0"})});
    clock_->advance(std::chrono::hours{1});
    together({sweeping()});
    for (int i = 0; i < 7; ++i) {
        together({claiming(2)});
        complete_all();
    }
    tend();
    together({adding("last", 3, 100)});
    steps singly;
    for (int i = 0; i < 20; ++i)
        singly.push_back(adding("single" + std::to_string(i), 1, 2));
    together(singly);
}

/// Done together; what fails is tried again, once.
void short_life::together(const steps& batch)
{
    steps again;
    steps given_up;
    run(batch, again);
    if (!again.empty())
        run(again, given_up);
}

bool short_life::run(const steps& batch, steps& failed)
{
    test_batch all;
    std::vector<const test_operation*> done;
    for (const auto& one : batch)
        done.push_back(&all.add(one.work, one.kind));
    if (all.run(*runner_) != batch.size())
        throw std::logic_error{"a batch ended early"};
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const auto how = answer_of(*done[i]);
        ++answers_;
        batch[i].note(how);
        if (how != told::done)
            failed.push_back(batch[i]);
    }
    return failed.empty();
}

short_life::step short_life::adding(const std::string& prefix, int count, std::size_t bytes)
{
    std::vector<job_draft> jobs;
    const job_options options{.attempts = 3, .backoff = backoff{.delay = std::chrono::minutes{30}}};
    for (int i = 0; i < count; ++i)
        jobs.push_back(some_job(prefix + std::to_string(i), json_text(bytes, 'd'), options));
    const bool single = count == 1 && store::plain_add::is_plain(*jobs.front());
    return {
        .work = single ? test_operation::work{store::plain_add{.job = jobs.front()}}
                       : [jobs](sqlite::session& tx) { store::add(tx, jobs); },
        .kind = kind::write,
        .note = [this, added = ledger::jobs(jobs.begin(), jobs.end())](told how) { ledger_.add(added, how); },
    };
}

short_life::step short_life::claiming(int count)
{
    settle_and_claim_request request{.now = clock_->wall_now()};
    request.claim = claim_order{.queue = "q", .worker = "worker", .lock_duration = lock_for};
    for (int i = 0; i < count; ++i)
        request.claim->tokens.push_back({.high = 1, .low = ++tokens_});
    const auto answer = std::make_shared<settle_and_claim_answer>();
    return {
        .work = [=](sqlite::session& tx) { *answer = store::settle_and_claim(tx, request); },
        .kind = kind::write,
        .note =
            [=, this](told how) {
                if (how != told::done)
                    *answer = {};
                active_.insert(active_.end(), answer->claimed.begin(), answer->claimed.end());
                ledger_.promote(due(answer->news), how);
                ledger_.claim(*request.claim, request.now, answer->claimed, how);
            },
    };
}

short_life::step short_life::settling(const job_snapshot& job, const transition& change, int then_claim)
{
    settle_and_claim_request request{.now = clock_->wall_now()};
    request.settlements = {{.job = job_ref::of(*job), .change = change}};
    if (then_claim > 0)
        request.claim = claim_order{
            .queue = "q", .tokens = {{.high = 2, .low = ++tokens_}}, .worker = "worker", .lock_duration = lock_for
        };
    const auto answer = std::make_shared<settle_and_claim_answer>();
    return {
        .work = [=](sqlite::session& tx) { *answer = store::settle_and_claim(tx, request); },
        .kind = kind::write,
        .note =
            [=, this](told how) {
                ledger_.settle(job, change, how);
                if (how == told::done) {
                    std::erase(active_, job);
                    active_.insert(active_.end(), answer->claimed.begin(), answer->claimed.end());
                }
                if (request.claim)
                    ledger_.claim(
                        *request.claim, request.now, how == told::done ? answer->claimed : ledger::jobs{}, how
                    );
            },
    };
}

short_life::step short_life::renewing()
{
    std::vector<lock_extension> locks;
    for (const auto& job : active_)
        locks.push_back({.job = job_ref::of(*job), .duration = lock_for * 2});
    const auto now = clock_->wall_now();
    return {
        .work = [=](sqlite::session& tx) { store::extend_locks(tx, now, locks); },
        .kind = kind::renewal,
        .note =
            [=, this, jobs = active_](told how) {
                for (const auto& job : jobs)
                    ledger_.extend(job, now + lock_for * 2, how);
            },
    };
}

short_life::step short_life::progressing()
{
    if (active_.empty())
        return {.work = [](sqlite::session&) {}, .kind = kind::write, .note = [](told) {}};
    const auto job = active_.front();
    return {
        .work = [=](sqlite::session& tx) { store::update_progress(tx, job_ref::of(*job), "50"); },
        .kind = kind::write,
        .note = [=, this](told how) { ledger_.progress(job, "50", how); },
    };
}

short_life::step short_life::logging()
{
    if (active_.empty())
        return {.work = [](sqlite::session&) {}, .kind = kind::write, .note = [](told) {}};
    const auto job = active_.front();
    const log_line line{.at = clock_->wall_now(), .text = "a line"};
    return {
        .work = [=](sqlite::session& tx) { store::add_log(tx, job_ref::of(*job), line, 10); },
        .kind = kind::write,
        .note = [=, this](told how) { ledger_.log(job, line.text, how); },
    };
}

short_life::step short_life::promoting(const job_id& id)
{
    return {
        .work = [=, now = clock_->wall_now()](sqlite::session& tx) { store::change(tx, queue, id, promotion{}, now); },
        .kind = kind::write,
        .note = [=, this](told how) { ledger_.promote_one(id, how); },
    };
}

short_life::step short_life::retrying(const job_id& id)
{
    return {
        .work = [=, now = clock_->wall_now()](sqlite::session& tx) { store::change(tx, queue, id, retrial{}, now); },
        .kind = kind::write,
        .note = [=, this](told how) { ledger_.retry(id, how); },
    };
}

short_life::step short_life::removing(const job_id& id)
{
    return {
        .work = [=, now = clock_->wall_now()](sqlite::session& tx) { store::change(tx, queue, id, removal{}, now); },
        .kind = kind::write,
        .note = [=, this](told how) { ledger_.remove(id, how); },
    };
}

short_life::step short_life::pausing(bool paused)
{
    return {
        .work = [=](sqlite::session& tx) { store::set_paused(tx, queue, paused); },
        .kind = kind::write,
        .note = [=, this](told how) { ledger_.set("pause", paused ? "1" : "0", how); },
    };
}

short_life::step short_life::registering()
{
    const worker_row worker{.id = "worker", .process = {.boot_id = "boot", .pid = 1}, .started_at = clock_->wall_now()};
    return {
        .work = [=](sqlite::session& tx) { tables_of(tx).register_worker(worker); },
        .kind = kind::write,
        .note = [=, this](told how) { ledger_.set("workers", worker.id, how); },
    };
}

short_life::step short_life::sweeping()
{
    const sweep_request request{.now = clock_->wall_now()};
    const auto answer = std::make_shared<sweep_answer>();
    return {
        .work = [=](sqlite::session& tx) { *answer = store::sweep(tx, request); },
        .kind = kind::write,
        .note = [=, this](told how
                ) { ledger_.promote(how == told::done ? due(answer->news) : std::vector<job_id>{}, how); },
    };
}

void short_life::complete_all()
{
    steps all;
    for (const auto& job : active_)
        all.push_back(settling(job, success(job, 10)));
    if (!all.empty())
        together(all);
}

void short_life::tend()
{
    together({{.work = [](sqlite::session& tx) { tx.keep_reserve(); }, .kind = kind::tidy, .note = [](told) {}}});
}

transition short_life::success(const job_snapshot& job, std::size_t bytes) const
{
    return domain::after_success(*job, json_text(bytes, 'r'), clock_->wall_now());
}

transition short_life::failing(const job_snapshot& job) const
{
    return domain::after_failure(*job, {.message = "it failed", .type = "error"}, clock_->wall_now(), 0);
}

}  // namespace cofila::test
