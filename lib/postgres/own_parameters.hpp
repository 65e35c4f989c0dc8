#pragma once
#include <string>

/// What a connection string says to this library, and libpq does not know.
namespace cofila::postgres {

struct own_parameters {
    std::string target{};  ///< The string without them.
    bool prepare = true;   ///< `prepare=off`: each statement is sent whole, for poolers that lend out connections.
};

/// Throws `errc::invalid_argument`, field `database`, for values that they do not have.
own_parameters take_own_parameters(const std::string& target);

}  // namespace cofila::postgres
