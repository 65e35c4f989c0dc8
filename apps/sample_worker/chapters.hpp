#pragma once
#include <cofila/engine.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <string>

#include "stage.hpp"
#include "timeline.hpp"

namespace sample {

/// The tour, chapter by chapter. Each waits for events, then checks what it finds.
class chapters {
public:
    chapters(cofila::engine& engine, stage& main, timeline& time, boost::asio::any_io_executor loop);

    /// All of them; the last one stops the worker with a job in flight.
    boost::asio::awaitable<void> play();
    /// What only shows when the worker's `run()` has returned.
    boost::asio::awaitable<void> epilogue(cofila::close_report report);

private:
    boost::asio::awaitable<void> simple();
    boost::asio::awaitable<void> priorities();
    boost::asio::awaitable<void> delayed();
    boost::asio::awaitable<void> retries();
    boost::asio::awaitable<void> failures();
    boost::asio::awaitable<void> second_chance(order_job failed);
    boost::asio::awaitable<void> progress();
    boost::asio::awaitable<void> rescue();
    boost::asio::awaitable<void> refuse_late_result(order_queue queue, cofila::claim held);
    boost::asio::awaitable<void> orderly_end();
    void check_kinds();

    cofila::engine& engine_;
    stage& main_;
    timeline& time_;
    boost::asio::any_io_executor loop_;
    order_queue queue_;
    cofila::job_id in_flight_{};
};

}  // namespace sample
