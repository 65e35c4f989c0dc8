#pragma once

namespace cofila::domain {

/// One callable of several, for std::visit: a variant's alternative without one does not compile.
template <class... Calls>
struct overloaded : Calls... {
    using Calls::operator()...;
};
template <class... Calls>
overloaded(Calls...) -> overloaded<Calls...>;

}  // namespace cofila::domain
