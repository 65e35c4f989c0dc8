#include "postgres/channel.hpp"

#include <cofila/error.hpp>

#include <poll.h>

#include <algorithm>

#include "async/wait_until.hpp"
#include "domain/patience.hpp"
#include "postgres/mailbox.hpp"
#include "postgres/schema.hpp"

namespace cofila::postgres {

void channel::open()
{
    if (!session_)
        connect();
    else if (is_distrusted_ || session_->link().is_lost())
        connect_patiently();
}

void channel::connect()
{
    auto opened = std::make_unique<session>(options_);
    open_schema(opened->link());
    if (options_.listens)
        opened->link().run("LISTEN " + channel_of(options_.schema));
    session_ = std::move(opened);
    is_distrusted_ = false;
}

void channel::connect_patiently()
{
    const auto end = later(options_.clock->steady_now(), options_.operation_deadline);
    const auto goes_on = [&] { return !hurries() && options_.clock->steady_now() < end; };
    for (int attempt = 0;; ++attempt) {
        pause(domain::pause_before_connecting(attempt));
        try {
            return connect();
        } catch (const error& e) {
            if (e.code() != errc::storage_busy || !goes_on())
                throw;
        } catch (const link_lost&) {  // it broke again
            if (!goes_on())
                throw;
        }
    }
}

/// Blocks this thread, in short steps, since the engine may end meanwhile.
void channel::pause(milliseconds time) const
{
    constexpr milliseconds step{50};
    for (auto left = time; left > milliseconds{} && !hurries(); left -= step)
        ::poll(nullptr, 0, static_cast<int>(std::min(left, step).count()));
}

void channel::begin(void (session::*opening)())
{
    try {
        return (session_.get()->*opening)();
    } catch (const link_lost&) {  // while it was not used
    }
    connect_patiently();
    (session_.get()->*opening)();
}

}  // namespace cofila::postgres
