#pragma once

namespace cofila::domain {

/// Makes one callable of several, for std::visit: a variant with an alternative that has none does not compile.
template <class... Calls>
struct overloaded : Calls... {
    using Calls::operator()...;
};
template <class... Calls>
overloaded(Calls...) -> overloaded<Calls...>;

}  // namespace cofila::domain
