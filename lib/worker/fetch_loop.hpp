#pragma once
#include <cofila/repository/job_repository.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/event.hpp"
#include "async/reminder.hpp"
#include "async/task_group.hpp"
#include "domain/fetch_plan.hpp"
#include "queue/queue_core.hpp"
#include "runtime/runtime.hpp"
#include "worker/slots.hpp"

namespace cofila {

/// The loop that asks the store, for one worker: it settles what has ended, and claims jobs for free slots.
class fetch_loop {
public:
    struct options {
        std::string worker{};  ///< Its id.
        int prefetch = 0;
        milliseconds poll_interval{};
        milliseconds lock_duration{};
    };
    struct callbacks {
        /// The store, asked at `asked`, says what became of these outcomes, and gives the claimed jobs.
        std::function<void(const std::vector<ended_attempt>&, settle_and_claim_answer&, steady_time asked)> answered;
        /// The store has failed; the outcomes are unsettled again. `last`: it was to be asked no more. Returns false if
        /// it is no use to ask again soon.
        std::function<bool(std::exception_ptr, bool last)> failed;
        /// The outcome of an attempt whose lock is lost was dropped.
        std::function<void(const attempt_ptr&)> dropped;
        /// A question has ended with an exception that is not the store's.
        std::function<void(std::exception_ptr)> escaped;
    };

    fetch_loop(detail::queue_ptr queue, options chosen, slots& of, callbacks tell);

    /// Returns when the slots have finished. Cancellation is ignored. `owner` is kept by questions that it does not
    /// wait for, which `join` does.
    boost::asio::awaitable<void> run(std::shared_ptr<const void> owner);
    boost::asio::awaitable<void> join() { return questions_.join(); }
    /// Must be running for `run` to look in time.
    boost::asio::awaitable<void> remind() { return poll_.run(); }

    /// Called when there is something to settle, or when what is claimed has changed.
    void look_again() { wake_.set(); }
    /// Called when there may be something to claim.
    void wake();
    /// Called when `jobs` more jobs can be claimed. Returns for how many of them it was woken.
    std::size_t wake_for(std::size_t jobs);
    /// Passes on the jobs that it was woken for and does not request any more.
    void leave_to_others();
    bool wake_for_date();
    void note_due(time_point due);
    /// Makes it ask once more at most.
    void give_up();

    /// Whether it sleeps with free slots.
    bool is_idle() const { return idle_ && slots_.has_free_slot(); }
    /// Whether it sleeps, and there is nothing to do before `next_due`. False at the end of its life.
    bool is_at_rest() const { return idle_ && !slots_.closing() && slots_.taken() == 0 && !plan().ask; }
    /// Whether there is something to ask at once.
    bool has_question() const { return plan().ask; }
    /// When there may be something to claim; unset if not before something happens.
    std::optional<time_point> next_due() const noexcept { return next_due_; }
    /// What to claim for a caller that writes to the store anyway; unset unless it is idle.
    std::optional<claim_order> offer_claim();

private:
    domain::fetch_plan plan() const;
    void leave_date();
    boost::asio::awaitable<void> wait_for_work(milliseconds at_most);
    question next_question(const domain::fetch_plan& plan);
    boost::asio::awaitable<void> ask_store(question what);
    boost::asio::awaitable<void> put(question what);
    void pass_on_dates(const question& what, const settle_and_claim_answer& answer);
    boost::asio::awaitable<void> put_again_later(question what, std::exception_ptr failed, bool last);
    settle_and_claim_request make_request(const question& what);
    claim_order make_claim(int count);

    const detail::queue_ptr queue_;
    const std::shared_ptr<runtime> ports_;
    const options options_;
    slots& slots_;
    const callbacks tell_;

    bool idle_ = false;       // it sleeps
    bool maybe_work_ = true;  // something happened since a claim came back short
    int expected_ = 0;        // jobs that it was woken for and has not requested yet
    bool room_left_ = false;  // the last question left room for another, and no claim has come back short since
    std::optional<time_point> next_due_{};
    bool date_came_ = false;  // and another worker could not take all that was due
    int failures_ = 0;        // of the store, in a row
    bool giving_up_ = false;  // outcomes that the store does not take now are given up

    event wake_;            // tells the loop to look again
    reminder poll_;         // wakes it at the latest
    event last_try_;        // ends the pause before a failed question is repeated
    task_group questions_;  // questions that the loop does not wait for
};

}  // namespace cofila
