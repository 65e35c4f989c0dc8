#include "postgres/writer.hpp"

#include <exception>

#include "postgres/problem.hpp"

namespace cofila::postgres {

void writer::end_reading() noexcept
{
    if (with_.is_open())
        with_.current().end_reading();
}

store::failure writer::describe()
{
    auto out = describe_current(with_.name());
    if (out.why.code() == errc::storage_readonly)
        with_.distrust();  // there may be another primary by now
    return out;
}

void writer::begin(bool alone) { with_.begin(alone ? &session::begin_alone : &session::begin_beside_others); }

void writer::commit()
{
    std::string lost;
    try {
        with_.current().commit();
    } catch (const commit_lost& e) {
        lost = e.what();
    }
    const bool wrote = with_.current().has_written();
    if (!lost.empty() && !(wrote && was_stored(lost)))
        throw link_lost{lost};  // all of it can be done again
    if (wrote)
        notify();
}

/// Asks the store, by a new connection, whether it has the transaction whose commit was lost.
bool writer::was_stored(const std::string& why)
{
    const auto left = with_.current().last_receipt();
    with_.distrust();
    do
        try {
            if (with_.is_broken())
                with_.reopen();
            const auto fate = domain::fate_of(ask_for(left, with_.current().link()));
            if (fate.others_are_lost)
                with_.options().log(log_level::error, with_.name() + ": the server has lost what it had stored before");
            return fate.stored;
        } catch (const std::exception&) {  // there is no server, or not for long
            with_.distrust();
        }
    while (with_.has_time());
    throw commit_lost{why};
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

}  // namespace cofila::postgres
