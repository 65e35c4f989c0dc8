#pragma once
#include <cofila/failure.hpp>

#include <exception>

namespace cofila {

/// What is kept of an exception of any type: its text, its type, and one line for each exception nested in it or piece
/// of diagnostic information attached to it.
failure describe_exception(std::exception_ptr error);

/// It is a `system_error` with `operation_aborted`: how Asio tells a coroutine that it was cancelled.
bool is_operation_aborted(std::exception_ptr error);

}  // namespace cofila
