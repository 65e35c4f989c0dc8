#pragma once
#include <boost/asio/awaitable.hpp>

#include <memory>

#include "node.hpp"

/// What the coroutines of a process do with the queue, one function for each kind of them.
namespace cofila::sim {

boost::asio::awaitable<void> produce(std::shared_ptr<node> here, int place);
/// Changes how many events are kept, now and then.
boost::asio::awaitable<void> keep_events(std::shared_ptr<node> here, node::job_queue of);
/// Changes the queue's rate limit, now and then.
boost::asio::awaitable<void> limit(std::shared_ptr<node> here, node::job_queue of);
boost::asio::awaitable<void> administer(std::shared_ptr<node> here);
boost::asio::awaitable<void> work_by_hand(std::shared_ptr<node> here);
/// I7: what is counted, against what is stored. False: it could not be counted, or something was stored meanwhile.
boost::asio::awaitable<bool> count(std::shared_ptr<node> here, node::job_queue of);
/// One worker after the other, until the process ends.
boost::asio::awaitable<void> employ(std::shared_ptr<node> here, node::job_queue from);
/// Listens to the events of a queue, and checks that nothing is told that was not stored, or twice.
void listen(const std::shared_ptr<node>& here, const node::job_queue& to);

}  // namespace cofila::sim
