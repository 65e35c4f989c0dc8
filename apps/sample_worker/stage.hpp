#pragma once
#include <cofila/events.hpp>
#include <cofila/queue.hpp>
#include <cofila/worker.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/describe/class.hpp>
#include <boost/signals2/connection.hpp>

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "timeline.hpp"

namespace sample {

/// What the jobs of a tour carry.
struct order {
    std::string what{};
    int failures = 0;           ///< How many attempts fail.
    bool hopeless = false;      ///< No attempt can succeed.
    std::string holds_until{};  ///< If set, the job reports 50 %, then works until this event.
};
BOOST_DESCRIBE_STRUCT(order, (), (what, failures, hopeless, holds_until))

using order_queue = cofila::queue<order, std::string>;
using order_job = cofila::job<order, std::string>;

/// A queue with one worker and a listener that prints every event, remembers it, and lets a coroutine wait for it. That
/// is how a program learns what has happened: neither by polling nor by sleeping.
class stage {
public:
    stage(order_queue queue, std::string worker_name, timeline& time, boost::asio::any_io_executor loop);

    order_queue queue() const { return queue_; }
    cofila::worker<order, std::string>& worker() { return worker_; }

    /// Returns once the event has been emitted (it may have been already). Throws if the worker has closed or half a
    /// minute has passed without it. `id` is empty for events of the queue or worker as a whole.
    boost::asio::awaitable<void> until(std::string event, cofila::job_id id = {});
    std::size_t times_heard(const std::string& event, const cofila::job_id& id = {}) const;
    bool heard(const std::string& event, const cofila::job_id& id = {}) const { return times_heard(event, id) > 0; }
    /// The names of the jobs that were started, in order.
    const std::vector<std::string>& begun() const { return begun_; }
    const std::vector<cofila::milliseconds>& retry_delays() const { return retry_delays_; }
    const std::set<std::string>& kinds_heard() const { return kinds_; }

    void note(const std::string& event, const cofila::job_id& id = {});

private:
    boost::asio::awaitable<std::string> carry_out(order_job job);
    void listen_to_queue();
    void listen_to_failures();
    void listen_to_worker();
    void tell(const std::string& who, const std::string& event, const cofila::job_id& id, const std::string& text);
    std::string name_of(const cofila::job_id& id) const;

    /// Connects a slot until this goes out of scope.
    template <class Signal, class Slot>
    void on(Signal& signal, Slot slot)
    {
        connections_.emplace_back(signal.connect(std::move(slot)));
    }

    order_queue queue_;
    cofila::worker<order, std::string> worker_;
    timeline& time_;
    boost::asio::any_io_executor loop_;
    std::map<std::pair<std::string, cofila::job_id>, std::size_t> heard_{};
    std::set<std::string> kinds_{};
    std::map<cofila::job_id, std::string> names_{};
    std::vector<std::string> begun_{};
    std::vector<cofila::milliseconds> retry_delays_{};
    std::set<boost::asio::steady_timer*> waiting_{};  // one for each `until`
    std::vector<boost::signals2::scoped_connection> connections_{};
};

}  // namespace sample
