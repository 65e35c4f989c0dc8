#pragma once
#include <cofila/failure.hpp>

#include <exception>

namespace cofila {

/// Describes an exception of any type: its text, its type, and one line for each nested exception and each piece of
/// diagnostic information attached to it.
failure describe_exception(std::exception_ptr error);

}  // namespace cofila
