#include "domain/attempt_watch.hpp"

namespace cofila::domain {

namespace {

attempt_look until(milliseconds passed, milliseconds limit, alarm then)
{
    return passed >= limit ? attempt_look{.what = then} : attempt_look{.next = limit - passed};
}

}  // namespace

attempt_look look_at(const watched_attempt& attempt, milliseconds stuck_after)
{
    if (attempt.asked_to_end)
        return until(*attempt.asked_to_end, stuck_after, alarm::stuck);
    if (attempt.timeout)
        return until(attempt.running, *attempt.timeout, alarm::timed_out);
    if (attempt.told_of)
        return {.next = long_run};
    return until(attempt.running, long_run, alarm::long_running);
}

}  // namespace cofila::domain
