#include "store/loop_spin.hpp"

#include <boost/asio/post.hpp>

namespace cofila::store {

void loop_spin::submitted()
{
    ++under_way_;
    if (at_most_.count() == 0 || (!turning_ && !rule_.worthwhile()))
        return;
    until_ = time_->steady_now() + at_most_;
    if (!turning_) {
        turning_ = true;
        turn();
    }
}

void loop_spin::answered()
{
    --under_way_;
    if (turning_)
        rule_.ended(true);
}

void loop_spin::turn()
{
    boost::asio::post(loop_->executor(), [self = shared_from_this()] {
        const bool too_long = self->time_->steady_now() >= self->until_;
        if (self->under_way_ > 0 && !too_long)
            return self->turn();
        self->turning_ = false;
        if (self->under_way_ > 0)
            self->rule_.ended(false);
    });
}

}  // namespace cofila::store
