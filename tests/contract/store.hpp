#pragma once
#include <cofila/outcome.hpp>
#include <cofila/repository/job_repository.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/manual_clock.hpp"

namespace cofila::test {

using cause = job_news::cause;

/// The answer to the addition of one job.
struct added_alone : added_row {
    news_list news{};
};

/// One queue of the repository under test, in the words of a test. Copies share the repository, the time and the
/// tokens.
class subject {
public:
    explicit subject(std::shared_ptr<job_repository> repository, std::string queue = "q");

    /// Another queue of the same repository.
    subject in(std::string queue) const;
    const std::string& queue() const { return queue_; }

    /// The port itself.
    job_repository& operator*() const { return *shared_->repository; }
    job_repository* operator->() const { return shared_->repository.get(); }

    time_point now() const { return shared_->now; }
    void pass(milliseconds by) { shared_->now += by; }

    /// A new job as `add` takes it: by default with the name "task", data "{}" and built-in options.
    job_draft make(std::string id, job_options options = {}, std::string data = "{}") const;
    /// The same for a job whose id the store makes.
    job_draft make_without_id(std::uint64_t random, job_options options = {}, std::string data = "{}") const;
    boost::asio::awaitable<added_alone> add(std::string id, job_options options = {}, std::string data = "{}");
    boost::asio::awaitable<void> add_each(std::vector<std::string> ids);

    /// An order for at most `limit` jobs, with new tokens.
    claim_order order(int limit);
    /// Adds a new job as `add` does and claims up to `limit`.
    boost::asio::awaitable<add_answer> add_and_claim(
        std::string id, job_options options = {}, std::string data = "{}", int limit = 1
    );
    boost::asio::awaitable<settle_and_claim_answer> settle_and_claim(std::vector<settlement> settlements, int limit);
    boost::asio::awaitable<std::vector<job_snapshot>> claim(int limit);
    /// Fails the test where there is none.
    boost::asio::awaitable<job_snapshot> claim_one();
    /// A job that is active: added and claimed. Nothing else may be waiting.
    boost::asio::awaitable<job_snapshot> add_active(std::string id, job_options options = {}, std::string data = "{}");

    /// A job in each state but waiting_children, with the state's name for its id. Nothing else may be waiting.
    boost::asio::awaitable<void> add_one_in_each_state();

    /// The end of the claim of which `job` is the snapshot, as a rule decides it.
    settlement completion(job_snapshot job, std::string result = "null") const;
    settlement failing(job_snapshot job, std::string message = "boom") const;
    settlement release(job_snapshot job) const;
    settlement putting_off(job_snapshot job, deferral when) const;
    boost::asio::awaitable<settled> settle(settlement end);

    boost::asio::awaitable<change_answer> change(job_id id, job_change change);
    boost::asio::awaitable<change_answer> remove(job_id id) { return change(std::move(id), removal{}); }
    boost::asio::awaitable<change_answer> cancel(job_id id, std::string why)
    {
        return change(std::move(id), cancellation{.why = std::move(why)});
    }
    boost::asio::awaitable<change_answer> promote(job_id id) { return change(std::move(id), promotion{}); }
    boost::asio::awaitable<change_answer> retry(job_id id, retry_options options)
    {
        return change(std::move(id), retrial{.options = options});
    }
    /// Of all pages: the ids of those that were changed.
    boost::asio::awaitable<std::vector<std::string>> change_all(
        job_filter filter, job_change change, int page_size = 1000
    );
    /// Whether each is held.
    boost::asio::awaitable<std::vector<bool>> extend(std::vector<lock_extension> locks);

    /// A sweep without rescues.
    boost::asio::awaitable<sweep_answer> sweep(int limit = 1000);
    /// Takes the lock away that `job`'s claim holds. False: it was not as in the snapshot.
    boost::asio::awaitable<bool> rescue(job_snapshot job, double jitter = 0);

    boost::asio::awaitable<bool> exists(std::string id);
    /// Fails the test where there is none.
    boost::asio::awaitable<job_record> get(std::string id);
    boost::asio::awaitable<job_state> state(std::string id);
    boost::asio::awaitable<job_counts> counts();
    /// The ids of a listing, of all its pages.
    boost::asio::awaitable<std::vector<std::string>> list(
        job_states state, int page_size = 100, bool newest_first = false
    );
    boost::asio::awaitable<std::vector<std::string>> find(
        job_filter filter, int page_size = 100, bool newest_first = false
    );
    boost::asio::awaitable<std::vector<std::string>> logs(std::string id);
    /// The names of all queues.
    boost::asio::awaitable<std::vector<std::string>> queues(int page_size = 100, bool newest_first = false);

private:
    struct shared_state {
        std::shared_ptr<job_repository> repository;
        time_point now = manual_clock::start;
        std::uint64_t tokens = 0;
    };

    std::shared_ptr<shared_state> shared_;
    std::string queue_;
};

inline constexpr milliseconds lock_duration = seconds{30};
inline constexpr const char* worker_id = "worker 1";

/// Names the claim of which `job` is the snapshot.
job_ref claim_of(const job_snapshot& job);
/// The same by the id alone.
job_ref claim_by_id(const job_snapshot& job);

std::vector<std::string> ids(const std::vector<job_snapshot>& jobs);
std::vector<std::string> ids(const std::vector<job_id>& jobs);
/// The news of one kind.
news_list of(const news_list& news, job_news::cause why);
std::vector<std::string> ids(const news_list& news);
/// The jobs that wait now because they were due, or because the job that they were kept for has ended.
std::vector<std::string> waiting_ids(const news_list& news);
/// Of as many as can be claimed now.
boost::asio::awaitable<std::vector<std::string>> claimed_ids(subject s, int limit);

/// All that a repository keeps of a job, as text: two records are the same if their texts are. The position of a
/// finished job and the length of a lock that was given up need not be kept.
std::string describe(const job_record& job);

void check_counters(
    const job_record& job, int attempts_started, int attempts_made, int stalled_count, int deferrals = 0
);

}  // namespace cofila::test
