#include "error_table.hpp"

namespace cofila::test {

namespace {

using task = asio::awaitable<void>;

asio::awaitable<boost::json::value> nothing(job<>) { co_return nullptr; }

error_case refused(const char* field, worker_options options)
{
    return {"worker::worker", errc::invalid_argument, field, [options = std::move(options)](app& a) -> task {
                const worker<> never{open_q(a), nothing, options};
                co_return;
            }};
}

template <class Processor>
error_case refused_processor(Processor empty)
{
    return {"worker::worker", errc::invalid_argument, "processor", [empty](app& a) -> task {
                const worker<> never{open_q(a), empty};
                co_return;
            }};
}

error_case refused_concurrency(int jobs)
{
    return {"worker::concurrency", errc::invalid_argument, "concurrency", [jobs](app& a) -> task {
                worker<> w{open_q(a), nothing};
                w.concurrency(jobs);
                co_return;
            }};
}

}  // namespace

std::vector<error_case> worker_errors()
{
    return {
        refused("concurrency", {.concurrency = least}),
        refused("concurrency", {.concurrency = most}),
        refused("prefetch", {.prefetch = least}),
        refused("prefetch", {.prefetch = most}),
        refused("lock_duration", {.lock_duration = milliseconds::min()}),
        refused("lock_duration", {.lock_duration = milliseconds::max()}),
        refused("lock_duration", {.lock_duration = 1ms}),
        refused("lock_renew_buffer", {.lock_renew_buffer = milliseconds::min()}),
        refused("lock_renew_buffer", {.lock_renew_buffer = milliseconds::max()}),
        refused("poll_interval", {.poll_interval = milliseconds::min()}),
        refused("grace", {.grace = milliseconds::min()}),
        refused("stuck_after", {.stuck_after = milliseconds::min()}),
        refused("stuck_after", {.stuck_after = 0ms}),
        refused("backoff_strategies['mine']", {.backoff_strategies = {{"mine", nullptr}}}),
        refused_processor(processor<boost::json::value, boost::json::value>{}),
        refused_processor(deferring_processor<boost::json::value, boost::json::value>{}),
        refused("name", {.name = std::string(101, 'n')}),
        refused("name", {.name = "\x1B[2J"}),
        refused_concurrency(least),
        refused_concurrency(0),
        refused_concurrency(most),
        {"worker::run",
         errc::invalid_argument,
         "run",
         [](app& a) -> task {
             worker<> w{open_q(a), nothing};
             running first{w};
             co_await settle();
             a.store->prepared();
             std::exception_ptr thrown;
             try {
                 (void)co_await w.run();
             } catch (...) {
                 thrown = std::current_exception();
             }
             CHECK(a.store->writes() == 0);
             (void)co_await w.close();
             (void)co_await first.join();
             a.store->prepared();
             if (thrown)
                 std::rethrow_exception(thrown);
         }},
        {"worker::run",
         errc::closed,
         "",
         [](app& a) -> task {
             const auto q = open_q(a);
             worker<> w{q, nothing};
             co_await q.close();
             (void)co_await w.run();
         }},
    };
}

}  // namespace cofila::test
