#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/strand.hpp>

#include <optional>

namespace cofila {

/// The strand that this executor is, whatever it stands on; nothing where it is none of the usual kinds.
std::optional<boost::asio::strand<boost::asio::any_io_executor>> as_strand(const boost::asio::any_io_executor& executor
);

/// Whether the executor is that of an `io_context{1}`: Asio lets one thread run it. Asio has no public name for what
/// the context was made with, so that this one file asks for it; where the answer is not to be had it is no.
bool is_run_by_one_thread(const boost::asio::any_io_executor& executor);

}  // namespace cofila
