#include "domain/adaptive_spin.hpp"

namespace cofila::domain {

namespace {

constexpr int most_misses = 3;
constexpr int tried_again_after = 20;

}  // namespace

bool adaptive_spin::worthwhile()
{
    if (misses_ < most_misses)
        return true;
    if (++left_out_ < tried_again_after)
        return false;
    left_out_ = 0;
    return true;
}

void adaptive_spin::ended(bool in_time) { misses_ = in_time ? 0 : misses_ + 1; }

}  // namespace cofila::domain
