// The server may not have noticed that a connection is gone: its process may still wait for our next message, with the
// schema's lock in its hands. So the first thing that a new connection does is to end that process. While a server
// starts, or a standby is made the primary, connecting fails in several ways; all of them are tried again.
#include "postgres/channel.hpp"

#include <cofila/error.hpp>

#include <poll.h>

#include <algorithm>

#include "async/wait_until.hpp"
#include "domain/patience.hpp"
#include "postgres/mailbox.hpp"
#include "postgres/schema.hpp"
#include "postgres/server_clock.hpp"

namespace cofila::postgres {

void channel::open()
{
    end_ = later(options_.clock->steady_now(), options_.operation_deadline);
    attempts_ = 0;
    if (!session_)
        connect();
    else if (is_broken())
        reopen();
}

bool channel::has_time() const { return !hurries() && options_.clock->steady_now() < end_; }

void channel::connect()
{
    auto opened = std::make_unique<session>(options_);
    if (session_)
        end_former(opened->link());
    open_schema(opened->link());
    if (options_.listens && opened->link().prepares())
        opened->link().run("LISTEN " + channel_of(options_.schema));
    if (options_.adjusts)
        options_.adjusts->begin(opened->link());
    session_ = std::move(opened);
    is_distrusted_ = false;
}

/// Another role's process cannot be ended; it ends when the server notices. Behind a pooler it may serve others by now.
void channel::end_former(link& by) const
{
    try {
        if (const auto& ending = session_->link().ending(); by.prepares() && !ending.empty())
            by.run(ending);
    } catch (const sql_error&) {}
}

void channel::reopen()
{
    for (;;) {
        pause(domain::pause_before_connecting(attempts_++));
        try {
            return connect();
        } catch (const error& e) {
            const bool may_pass = e.code() == errc::storage_busy || e.code() == errc::storage_readonly;
            if (!may_pass || !has_time())
                throw;
        } catch (const link_lost&) {  // it broke again
            if (!has_time())
                throw;
        }
    }
}

bool channel::recover() noexcept
{
    if (!session_ || !has_time())
        return false;
    try {
        if (is_broken())
            reopen();
        return true;
    } catch (const std::exception&) {
        return false;
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
    reopen();
    (session_.get()->*opening)();
}

}  // namespace cofila::postgres
