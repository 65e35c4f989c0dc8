#include "storage/long_life.hpp"

#include <iterator>
#include <utility>

#include "domain/transitions.hpp"
#include "store/adding.hpp"
#include "store/changing.hpp"
#include "store/settling.hpp"
#include "store/sweeping.hpp"
#include "store/writing.hpp"

namespace cofila::test {

using kind = store::operation::kind;

namespace {

void append_rows(std::string& out, SQLite::Database& db, const std::string& sql)
{
    SQLite::Statement row{db, sql};
    while (row.executeStep()) {
        for (int i = 0; i < row.getColumnCount(); ++i)
            out += row.getColumn(i).getString() + '|';
        out += '\n';
    }
}

}  // namespace

std::string content_of(writing_runner& store)
{
    std::string out;
    run_one(
        store,
        [&](sqlite::session& tx) {
            for (const auto* table :
                 {"queues",
                  "options",
                  "worker_names",
                  "jobs",
                  "rare",
                  "waiting",
                  "waiting_grouped",
                  "delayed",
                  "active",
                  "finished",
                  "bodies",
                  "attempts",
                  "logs",
                  "workers"})
                append_rows(out, tx.link().db(), std::string{"SELECT * FROM cofila_"} + table + " ORDER BY 1, 2");
        },
        kind::observe
    );
    return out;
}

long_life::long_life(sqlite::connection_options options, std::shared_ptr<manual_clock> clock, std::uint32_t seed)
    : options_{std::move(options)},
      clock_{std::move(clock)},
      dice_{seed},
      steps_{5 + static_cast<int>(dice_() % 15)},
      runner_{std::make_unique<writing_runner>(options_, false)}
{}

void long_life::step()
{
    using choice = void (long_life::*)();
    static constexpr choice choices[] = {
        &long_life::add,
        &long_life::add,
        &long_life::add,
        &long_life::claim,
        &long_life::claim,
        &long_life::renew,
        &long_life::progress,
        &long_life::log,
        &long_life::log,
        &long_life::settle,
        &long_life::settle,
        &long_life::remove,
        &long_life::retry,
        &long_life::sweep,
        &long_life::tend,
        &long_life::start_again,
    };
    clock_->advance(milliseconds{1 + dice_() % 600'000});
    (this->*choices[dice_() % std::size(choices)])();
}

void long_life::add()
{
    std::vector<job_draft> jobs;
    for (auto left = 1 + dice_() % 8; left > 0; --left)
        jobs.push_back(some_job(
            "j" + std::to_string(++made_), some_text(), {.attempts = 2, .backoff = backoff{.delay = seconds{60}}}
        ));
    run_one(*runner_, [&](sqlite::session& tx) { store::add(tx, jobs); });
}

void long_life::claim()
{
    settle_and_claim_request request{.now = clock_->wall_now()};
    request.claim = claim_order{.queue = "q", .worker = "w", .lock_duration = seconds{30}};
    for (auto left = 1 + dice_() % 5; left > 0; --left)
        request.claim->tokens.push_back({.high = dice_(), .low = dice_()});
    run_one(*runner_, [&](sqlite::session& tx) {
        const auto answer = store::settle_and_claim(tx, request);
        active_.insert(active_.end(), answer.claimed.begin(), answer.claimed.end());
    });
}

void long_life::settle()
{
    settle_and_claim_request request{.now = clock_->wall_now()};
    for (const auto& job : std::exchange(active_, {})) {
        const auto change = dice_() % 3 == 0 ? domain::after_failure(*job, {.message = "no"}, request.now, 0)
                                             : domain::after_success(*job, some_text(), request.now);
        request.settlements.push_back({.job = job_ref::of(*job), .change = change});
    }
    run_one(*runner_, [&](sqlite::session& tx) { store::settle_and_claim(tx, request); });
}

void long_life::renew()
{
    std::vector<lock_extension> locks;
    for (const auto& job : active_)
        locks.push_back({.job = job_ref::of(*job), .duration = seconds{60}});
    const auto renewing = [&](sqlite::session& tx) { store::extend_locks(tx, clock_->wall_now(), locks); };
    run_one(*runner_, renewing, kind::renewal);
}

void long_life::progress()
{
    const auto job = some_job_to_write();
    const auto text = some_text();
    run_one(*runner_, [&](sqlite::session& tx) { store::update_progress(tx, job, text); }, kind::write);
}

void long_life::log()
{
    const auto job = some_job_to_write();
    const log_line line{.at = clock_->wall_now(), .text = some_text()};
    run_one(*runner_, [&](sqlite::session& tx) { store::add_log(tx, job, line, 3); });
}

void long_life::remove()
{
    run_one(*runner_, [id = some_id(), now = clock_->wall_now()](sqlite::session& tx) {
        store::change(tx, "q", id, removal{}, now);
    });
}

void long_life::retry()
{
    run_one(*runner_, [id = some_id(), now = clock_->wall_now()](sqlite::session& tx) {
        store::change(tx, "q", id, retrial{}, now);
    });
}

void long_life::sweep()
{
    clock_->advance(std::chrono::hours{dice_() % 30});  // some are to be removed
    run_one(*runner_, [now = clock_->wall_now()](sqlite::session& tx) { store::sweep(tx, {.now = now}); });
}

void long_life::tend()
{
    run_one(*runner_, [](sqlite::session&) {}, kind::tidy);
}

void long_life::start_again()
{
    runner_.reset();
    runner_ = std::make_unique<writing_runner>(options_, false);
    run_one(*runner_, [](sqlite::session&) {}, kind::observe);
}

job_id long_life::some_id() { return job_id{"j" + std::to_string(1 + dice_() % static_cast<unsigned>(made_ + 1))}; }

job_ref long_life::some_job_to_write()
{
    if (active_.empty() || dice_() % 4 == 0)
        return {.queue = "q", .id = some_id()};
    const auto& job = active_.front();
    return job_ref::of(*job);
}

std::string long_life::some_text()
{
    return '"' + std::string(dice_() % 3 == 0 ? 200 + dice_() % 6000 : 10, 'x') + '"';
}

}  // namespace cofila::test
