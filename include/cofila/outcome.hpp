#pragma once
#include <cofila/time.hpp>

#include <type_traits>
#include <utility>
#include <variant>

namespace cofila {

/// Returned by a processor to defer its job. No attempt is used up, but `job_options::max_deferrals` counts the
/// deferral.
struct delay_for {
    milliseconds wait{};  ///< >= 0. With 0 the job waits in its old place.
};
struct delay_until {
    time_point at{};  ///< By the wall clock. If it is in the past, the job waits in its old place.
};
/// Lets the job wait in its old place; no job of its queue is claimed for `wait`.
struct rate_limited {
    milliseconds wait{};  ///< >= 0.
};

/// Stands for the result of a job of `queue<Payload, void>`, which has none.
struct no_result {
    friend bool operator==(const no_result&, const no_result&) = default;
};
template <class Result>
using result_value = std::conditional_t<std::is_void_v<Result>, no_result, Result>;

using deferral = std::variant<delay_for, delay_until, rate_limited>;

/// The value that a processor of type `awaitable<outcome<Result>>` returns: its result, or when to try again. A
/// processor of type `awaitable<outcome<void>>` returns `no_result{}` when its job is done.
template <class Result>
class outcome {
public:
    using value_type = result_value<Result>;

    outcome(value_type result) : value_{std::in_place_index<0>, std::move(result)} {}
    template <class Deferral>
        requires std::is_constructible_v<deferral, Deferral> &&
                 (!std::is_same_v<std::remove_cvref_t<Deferral>, value_type>)
    outcome(Deferral when) : value_{std::in_place_index<1>, std::move(when)}
    {}

    /// Returns the result; null if the job is deferred.
    const value_type* result() const noexcept { return std::get_if<0>(&value_); }
    /// Returns the deferral; null if there is a result.
    const deferral* put_off() const noexcept { return std::get_if<1>(&value_); }

private:
    std::variant<value_type, deferral> value_;
};

}  // namespace cofila
