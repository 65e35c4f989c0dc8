#pragma once
#include <cofila/detail/core.hpp>
#include <cofila/events.hpp>
#include <cofila/worker.hpp>

#include <boost/asio/awaitable.hpp>

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "async/event.hpp"
#include "async/reminder.hpp"
#include "async/task_group.hpp"
#include "domain/fetch_plan.hpp"
#include "queue/queue_core.hpp"
#include "runtime/consumer.hpp"
#include "runtime/event_hub.hpp"
#include "worker/attempt.hpp"
#include "worker/lock_renewer.hpp"

namespace cofila::detail {

/// A worker: the loop that settles and claims, the running attempts, and the shutdown.
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
    bool holds(const job_id& which) const;
    std::size_t count_held() const;
    /// Throws `errc::invalid_argument`.
    static void check_concurrency(int concurrency);

    void wake() override;
    std::size_t wake_for(std::size_t jobs) override;
    void look_for_cancellations() override { renewer_.look_soon(); }
    bool is_busy() const override { return !held_.empty(); }
    void note_due(time_point due) override;
    bool is_idle() const override { return idle_ && has_free_slot(); }
    /// Whether nothing runs, and there is nothing to do before `next_due`.
    bool is_at_rest() const { return idle_ && taken() == 0 && !plan().ask; }
    /// When there may be something to claim; unset if not before something happens.
    std::optional<time_point> next_due() const noexcept { return next_due_; }
    std::optional<claim_order> offer_claim() override;
    void take_offered(const std::vector<job_snapshot>* claimed, steady_time asked) override;

    const queue_ptr queue;
    const std::string id;
    const std::shared_ptr<event_hub<worker_events>> hub;

private:
    worker_ptr shared() { return std::static_pointer_cast<worker_core>(shared_from_this()); }

    using report_list = std::vector<job_id> close_report::*;
    struct ended_attempt {
        attempt_ptr attempt{};
        transition change{};
        report_list list = nullptr;  ///< The list of the close report that names it once the store has taken it.
    };
    /// An order that is the same in every run with the same tokens, unlike that of addresses.
    struct by_token {
        bool operator()(const attempt_ptr& a, const attempt_ptr& b) const { return a->job->token < b->job->token; }
    };
    /// One request to the store: attempts that have ended, and jobs to claim.
    struct question {
        std::vector<ended_attempt> ended{};
        int claim = 0;
    };

    // worker_core.cpp: the whole life, from run() to the report
    boost::asio::awaitable<void> work();
    void log_life(const std::string& what) const;
    boost::asio::awaitable<void> register_process();
    boost::asio::awaitable<void> forget_process();
    boost::asio::awaitable<void> shut_down();
    boost::asio::awaitable<void> wait_for_attempts(const steady_time* until);
    void give_up_remaining();
    void give_up_outcomes();
    void not_stored(const ended_attempt& ended);
    void store_is_gone();

    // fetch_loop.cpp: settles and claims
    boost::asio::awaitable<void> fetch_loop();
    domain::fetch_plan plan() const;
    boost::asio::awaitable<void> wait_for_work(milliseconds at_most);
    question next_question(const domain::fetch_plan& plan);
    boost::asio::awaitable<void> ask_store(question what);
    boost::asio::awaitable<void> put(question what);
    boost::asio::awaitable<void> store_failed(std::exception_ptr error, bool last);
    void forget_lost();
    settle_and_claim_request make_request(const question& what);
    claim_order make_claim(int count);
    std::vector<attempt_ptr> settled_by_store(const std::vector<ended_attempt>& ended, settle_and_claim_answer& answer);
    void announce_end(const ended_attempt& ended);
    void announce_processed(const job_record& job);
    void list(const ended_attempt& ended, bool finished);

    // attempts.cpp: from the claim to the outcome
    void take(const job_snapshot& job, steady_time asked);
    void start_ready();
    void release_ready();
    void has_ended(ended_attempt what);
    void start(const attempt_ptr& attempt);
    void end(const attempt_ptr& attempt, domain::attempt_outcome outcome);
    void lose(attempt_ptr attempt);
    bool settle_later(const attempt_ptr& attempt, domain::attempt_outcome outcome);
    void let_go(const attempt_ptr& attempt);
    milliseconds next_wait(const job_record& job, failure& why);

    // attempt_watch.cpp: attempts that run too long, or do not end when asked to
    boost::asio::awaitable<void> watch_attempts();
    void watch(const attempt_ptr& started);
    milliseconds look_after(const attempt_ptr& attempt, steady_time now);
    void give_up(const attempt_ptr& attempt, steady_time now);

    void leave_to_others();

    bool open() const noexcept { return !closing_ && !paused_; }
    int taken() const noexcept { return static_cast<int>(running_.size() + ready_.size()) + claiming_; }
    bool has_free_slot() const noexcept { return open() && taken() < concurrency_; }
    bool finished() const noexcept
    {
        return closing_ && running_.empty() && ready_.empty() && ended_.empty() && asking_ == 0 && claiming_ == 0;
    }

    const std::shared_ptr<runtime> ports_;
    const std::shared_ptr<const untyped_processor> processor_;
    const worker_options options_;
    int concurrency_;

    bool started_ = false;
    bool done_ = false;
    bool paused_ = false;
    bool idle_ = false;       // the fetch loop sleeps
    bool maybe_work_ = true;  // something happened since a claim came back short
    int expected_ = 0;        // jobs that it was woken for and has not requested yet
    bool room_left_ = false;  // the last question left room for another, and no claim has come back short since
    std::optional<time_point> next_due_{};
    int store_failures_ = 0;  // in a row

    int asking_ = 0;                   // questions under way
    int claiming_ = 0;                 // jobs requested by them
    std::deque<attempt_ptr> ready_{};  // claimed ahead, not started
    // Their processors are under way. Includes attempts whose lock is lost, but not abandoned ones.
    std::set<attempt_ptr, by_token> running_{};
    held_attempts held_{};
    mutable std::mutex holding_{};       // for other threads that read held_, which only the loop changes
    std::deque<ended_attempt> ended_{};  // which the store does not know yet

    bool closing_ = false;
    bool giving_up_ = false;  // the last second is over: outcomes that the store does not take now are given up
    steady_time grace_ends_{};
    close_report report_{};
    std::exception_ptr crashed_{};

    steady_time watched_until_ = steady_time::min();  // when the watch looks next

    event watch_;     // tells the watch to look earlier
    event wake_;      // tells the fetch loop to look again
    reminder poll_;   // wakes the fetch loop at the latest
    event progress_;  // tells the shutdown to look again
    event last_try_;  // ends the pause before a failed question is repeated
    event over_;      // run() is over
    lock_renewer renewer_;
    task_group tasks_;
    task_group questions_;  // questions that the fetch loop does not wait for
};

}  // namespace cofila::detail
