#pragma once
#include <cofila/detail/core.hpp>
#include <cofila/events.hpp>
#include <cofila/worker.hpp>

#include <boost/asio/awaitable.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/event.hpp"
#include "async/task_group.hpp"
#include "queue/queue_core.hpp"
#include "runtime/consumer.hpp"
#include "runtime/event_hub.hpp"
#include "worker/attempt_watch.hpp"
#include "worker/fetch_loop.hpp"
#include "worker/lock_renewer.hpp"
#include "worker/runner.hpp"
#include "worker/slots.hpp"

namespace cofila::detail {

/// A worker: its life from `run` to the report, and what becomes of its attempts. `slots` keeps the books, and its
/// loops are objects of their own.
class worker_core final : public consumer {
public:
    worker_core(queue_ptr queue, untyped_processor processor, worker_options options);

    boost::asio::awaitable<close_report> run();
    boost::asio::awaitable<close_report> close(std::optional<milliseconds> grace) override;
    void stop(std::optional<milliseconds> grace) override;
    void set_paused(bool paused);
    void set_concurrency(int concurrency);
    bool cancel_job(const job_id& which, const std::string& why) override;
    std::size_t cancel_all(const std::string& why);
    // From any thread: whether it has this job, and how many jobs it has, whose outcome is not stored yet.
    bool holds(const job_id& which) const { return slots_.holds(which); }
    std::size_t count_held() const { return slots_.count_held(); }
    /// Throws `errc::invalid_argument`.
    static void check_concurrency(int concurrency);

    void wake() override { fetch_.wake(); }
    std::size_t wake_for(std::size_t jobs) override { return fetch_.wake_for(jobs); }
    void look_for_cancellations() override { renewer_.look_soon(); }
    bool is_busy() const override { return !slots_.held().empty(); }
    bool wake_for_date() override { return fetch_.wake_for_date(); }
    void note_due(time_point due) override { fetch_.note_due(due); }
    bool is_idle() const override { return fetch_.is_idle(); }
    /// Whether nothing runs, and there is nothing to do before `next_due`.
    bool is_at_rest() const { return fetch_.is_at_rest(); }
    /// When there may be something to claim; unset if not before something happens.
    std::optional<time_point> next_due() const noexcept { return fetch_.next_due(); }
    std::optional<claim_order> offer_claim() override { return fetch_.offer_claim(); }
    void take_offered(const std::vector<job_snapshot>* claimed, steady_time asked) override;

    const queue_ptr queue;
    const std::string id;
    const std::shared_ptr<event_hub<worker_events>> hub;

private:
    // worker_core.cpp: the life, from run() to the report
    boost::asio::awaitable<void> work();
    boost::asio::awaitable<void> keep(boost::asio::awaitable<void> loop);
    void log_life(log_level level, const std::string& what) const;
    boost::asio::awaitable<void> register_process();
    boost::asio::awaitable<void> forget_process();

    // ending.cpp: from stop() on
    void crash(std::exception_ptr escaped);
    void end_with(std::exception_ptr failed);
    boost::asio::awaitable<void> shut_down();
    boost::asio::awaitable<void> shut_down_surely();
    bool is_over() const { return stores_ ? slots_.finished() : slots_.running().empty(); }
    boost::asio::awaitable<void> wait_for_attempts(const steady_time* until);
    void give_up_remaining();
    bool store_failed(std::exception_ptr error, bool last);
    void give_up_outcomes();
    void not_stored(const attempt_run& attempt);
    void store_is_gone();

    // attempts.cpp: from the claim to the outcome
    void take(const job_snapshot& job, steady_time asked);
    void start_ready();
    void start_ready_soon();
    void start(const attempt_ptr& attempt);
    void release_ready();
    attempt_ptr end(const attempt_ptr& attempt, domain::attempt_outcome&& outcome);
    void give_up(const attempt_ptr& attempt, milliseconds since_asked);
    void lose(const attempt_ptr& attempt);
    void ask_to_end(const attempt_ptr& attempt, cancel_reason reason, const std::string& why = {});
    bool settle_later(const attempt_ptr& attempt, domain::attempt_outcome&& outcome);
    void has_ended(ended_attempt&& ended);
    milliseconds next_wait(const job_record& job, failure& why);

    // settling.cpp: what the store says about the outcomes
    void settled(const std::vector<ended_attempt>& ended, settle_and_claim_answer& answer, steady_time asked);
    std::vector<attempt_ptr> apply(const std::vector<ended_attempt>& ended, settle_and_claim_answer& answer);
    void announce_end(const ended_attempt& ended);
    void announce_processed(const job_record& job);
    void list(const ended_attempt& ended, bool finished);

    fetch_loop::callbacks fetching();
    lock_renewer::callbacks renewing();
    attempt_watch::callbacks watching();

    const std::shared_ptr<runtime> ports_;
    const worker_options options_;
    bool started_ = false;
    bool done_ = false;
    bool starting_ = false;  // within start_ready
    steady_time grace_ends_{};
    close_report report_{};
    bool stores_ = true;  // outcomes: false if the fetch loop has failed
    std::exception_ptr crashed_{};

    slots slots_;
    runners runners_;
    fetch_loop fetch_;
    lock_renewer renewer_;
    attempt_watch watch_;
    event progress_;  // tells the shutdown to look again
    event over_;      // run() is over
    task_group tasks_;
};

}  // namespace cofila::detail
