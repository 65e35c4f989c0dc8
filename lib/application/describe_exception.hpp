#pragma once
#include <cofila/failure.hpp>

#include <exception>

namespace cofila {

/// What is kept of an exception of any type: its text, its type, and one line for each exception nested in it or piece
/// of diagnostic information attached to it.
failure describe_exception(std::exception_ptr error);

}  // namespace cofila
