#include "application/runtime.hpp"

#include <boost/asio/io_context.hpp>

namespace cofila {

bool runtime::on_own_thread() const
{
    const auto* const loop = executor.target<boost::asio::io_context::executor_type>();
    return !loop || loop->running_in_this_thread();  // of other executors it cannot be known
}

}  // namespace cofila
