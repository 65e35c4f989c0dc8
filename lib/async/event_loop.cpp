// The executor an engine lives on, where one thing happens at a time, so that lib/application needs no mutex except for
// what other threads may call. An `io_context{1}` and a strand are used as they are; on any other executor, which
// several threads may run, `alone_on` makes a strand. Whether a thread is on the loop is asked of the context or the
// strand; of an executor type that is not known here there is no telling, and `run` dispatches. All posting from other
// threads passes through `use`, which keeps the context from going meanwhile; once the context has gone the executors
// are dropped, `use` calls nothing and returns false, and the caller reports `loop_has_gone`.
#include "async/event_loop.hpp"

#include "async/one_thread.hpp"

namespace cofila {

namespace asio = boost::asio;

loop_ptr event_loop::at(asio::any_io_executor executor) { return std::make_shared<event_loop>(std::move(executor)); }

loop_ptr event_loop::alone_on(asio::any_io_executor executor)
{
    if (!is_run_by_one_thread(executor) && !as_strand(executor))
        executor = asio::make_strand(executor);
    return at(std::move(executor));
}

event_loop::event_loop(asio::any_io_executor executor)
    : executor_{std::move(executor)},
      strand_{as_strand(executor_)},
      context_{executor_.target<asio::io_context::executor_type>()},
      life_{context_life::of(executor_)}
{
    life_->attach(*this);
}

bool event_loop::is_here(const asio::any_io_executor& where) const
{
    bool here = false;
    use([&](const auto& executor) { here = executor == where && this_thread() != place::elsewhere; });
    return here;
}

bool event_loop::is_current() const
{
    bool here = false;
    use([&](const auto&) { here = this_thread() != place::elsewhere; });
    return here;
}

bool event_loop::is_surely_current() const
{
    bool here = false;
    use([&](const auto&) { here = this_thread() == place::here; });
    return here;
}

event_loop::place event_loop::this_thread() const
{
    if (!context_ && !strand_)
        return place::unknown;
    const bool here = context_ ? context_->running_in_this_thread() : strand_->running_in_this_thread();
    return here ? place::here : place::elsewhere;
}

void event_loop::context_ends(remains&)
{
    executor_ = asio::any_io_executor{};
    strand_.reset();
    context_ = nullptr;
}

error loop_has_gone() { return {errc::closed, "the io_context on which the engine was opened has been destroyed"}; }

}  // namespace cofila
