#pragma once
#include <cofila/error.hpp>

#include <string>

#include "domain/validation.hpp"
#include "support/error_of.hpp"
#include "support/print.hpp"

namespace cofila::test {

/// The field at fault; "" where nothing is.
template <class T>
std::string fault_of(const T& value)
{
    const auto e = error_of([&] { domain::check(value); });
    if (e.code)
        CHECK(e.code == errc::invalid_argument);
    return e.field;
}

}  // namespace cofila::test
