#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/strand.hpp>

#include <optional>

namespace cofila {

/// The executor as a strand, whatever it stands on; unset if it is none of the usual kinds.
std::optional<boost::asio::strand<boost::asio::any_io_executor>> as_strand(const boost::asio::any_io_executor& executor
);

/// Whether this is the executor of an `io_context{1}`, which Asio lets one thread run. Asio has no public name for the
/// concurrency hint of a context, so this one file asks for it; if it cannot be had, returns false.
bool is_run_by_one_thread(const boost::asio::any_io_executor& executor);

}  // namespace cofila
