#include "postgres/writer.hpp"

#include <exception>

#include "postgres/problem.hpp"

namespace cofila::postgres {

void writer::end_reading() noexcept
{
    if (with_.is_open())
        with_.current().end_reading();
}

store::failure writer::describe() { return describe_current(with_.name()); }

void writer::begin()
{
    with_.begin(&session::begin);
    writes_before_ = rows_written();
}

void writer::commit()
{
    with_.current().commit();
    if (rows_written() != writes_before_)
        notify();
}

/// Tells other processes of the commit. Not inside of it: that would hold a lock of the whole server until the disk has
/// it. Nobody waits for the answer; if the notification is lost, others poll.
void writer::notify()
{
    auto& link = with_.current().link();
    mail_->own = link.backend();
    try {
        link.send_aside(
            "SELECT pg_notify('" + channel_of(link.schema()) + "', ''), set_config('synchronous_commit', 'off', true)"
        );
    } catch (const link_lost&) {  // the next operation notices
    }
}

void writer::roll_back() noexcept
{
    if (with_.is_open())
        with_.current().roll_back();
}

/// Behind a conflict with others, or on a connection that broke before the commit, the same may succeed.
bool writer::recover()
{
    try {
        with_.open();
        return true;
    } catch (const std::exception&) {
        return false;
    }
}

}  // namespace cofila::postgres
