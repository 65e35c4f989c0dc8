// Tells whether an executor already runs one handler at a time, so that an engine needs no strand of its own. Asio's
// `io_context{1}` promises that one thread runs it, but has no public way to ask; the scheduler's concurrency hint, an
// internal, says so. `requires` keeps this compiling with versions of Asio that lack it: then it returns false and the
// engine gets a strand, which is slower but never wrong. Strands are recognised by their type, for the inner executors
// that programs use; an unknown one is treated as an executor that several threads run.
#include "async/one_thread.hpp"

#include <boost/asio/detail/scheduler.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

namespace cofila {

namespace asio = boost::asio;

namespace {

using any_strand = asio::strand<asio::any_io_executor>;

template <class Executor>
std::optional<any_strand> strand_on(const asio::any_io_executor& executor)
{
    const auto* const found = executor.target<asio::strand<Executor>>();
    return found ? std::optional<any_strand>{any_strand{*found}} : std::nullopt;
}

template <class Scheduler>
int hint_of(Scheduler& scheduler)
{
    if constexpr (requires { scheduler.concurrency_hint(); })
        return scheduler.concurrency_hint();
    else
        return 0;
}

}  // namespace

std::optional<any_strand> as_strand(const asio::any_io_executor& executor)
{
    if (auto found = strand_on<asio::any_io_executor>(executor))
        return found;
    if (auto found = strand_on<asio::io_context::executor_type>(executor))
        return found;
    return strand_on<asio::thread_pool::executor_type>(executor);
}

bool is_run_by_one_thread(const asio::any_io_executor& executor)
{
    const auto* const loop = executor.target<asio::io_context::executor_type>();
    return loop && hint_of(asio::use_service<asio::detail::io_context_impl>(loop->context())) == 1;
}

}  // namespace cofila
