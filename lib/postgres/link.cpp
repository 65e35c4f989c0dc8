// Talks to the server without ever blocking in libpq: connecting goes by `PQconnectPoll`, and after sending we wait
// with `poll` until the answer is there, in short steps, between which `hurry` and the deadline are looked at. While
// something is still to be sent we also take in what arrives: otherwise both sides could wait for the other to read.
// The server itself ends statements, and waits for locks, after `operation_deadline`; ours is a bit later and ends the
// connection, for a server that does not answer at all. A COMMIT is waited for even in a hurry. A connection that has
// failed once stays lost; its owner makes a new one. Names are looked up by libpq, which blocks this thread.
#include "postgres/link.hpp"

#include <cofila/error.hpp>

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <string_view>

#include "async/wait_until.hpp"
#include "postgres/address.hpp"
#include "postgres/libpq.hpp"
#include "postgres/link_settings.hpp"
#include "postgres/problem.hpp"
#include "postgres/statements.hpp"

namespace cofila::postgres {

namespace {

/// How long a wait may last before `hurry` and the deadline are looked at.
constexpr int wait_step_ms = 50;
/// What a server may need beyond the time that it allows its statements.
constexpr milliseconds grace = std::chrono::seconds{5};

}  // namespace

sql_error error_of(const result& failed)
{
    const char* const state = PQresultErrorField(failed.get(), PG_DIAG_SQLSTATE);
    const char* const text = PQresultErrorField(failed.get(), PG_DIAG_MESSAGE_PRIMARY);
    return {state ? state : "", text ? text : "unknown error"};
}

void releaser::operator()(pg_result* made) const noexcept { PQclear(made); }
void releaser::operator()(pg_conn* made) const noexcept { PQfinish(made); }

link::link(link_options options) : options_{std::move(options)}
{
    connect();
    apply_settings();
}

void link::connect()
{
    deadline_ = later(options_.clock->steady_now(), options_.operation_deadline);
    const auto with = to_connect(options_.target);
    link_.reset(PQconnectStartParams(with.names.data(), with.values.data(), 1));
    if (!link_)
        throw std::bad_alloc{};
    PQsetErrorVerbosity(link_.get(), PQERRORS_VERBOSE);  // its texts name the SQLSTATE then
    PQsetNoticeReceiver(
        link_.get(), [](void* to, const pg_result* notice) { static_cast<link*>(to)->take_notice(notice); }, this
    );
    auto next = PGRES_POLLING_WRITING;
    while (next != PGRES_POLLING_OK) {
        if (next == PGRES_POLLING_FAILED || PQstatus(link_.get()) == CONNECTION_BAD)
            throw connect_error(options_.target, PQerrorMessage(link_.get()));
        wait(next == PGRES_POLLING_READING ? POLLIN : POLLOUT);
        next = PQconnectPoll(link_.get());
    }
    if (PQsetnonblocking(link_.get(), 1) != 0)
        lose("cannot be used without blocking");
    name_ = shown_address(
        {.host = PQhost(link_.get()),
         .port = PQport(link_.get()),
         .database = PQdb(link_.get()),
         .schema = options_.schema}
    );
}

void link::apply_settings()
{
    if (!prepares())
        return;
    const auto pid = std::to_string(backend());
    const auto one = " FROM pg_stat_get_activity(" + pid + ")";
    rows began{run(settings_command(options_, server_version(), false) + "; SELECT backend_start" + one)};
    if (began.step())
        ending_ = "SELECT pg_terminate_backend(pid)" + one + " WHERE backend_start = '" + began.text(0) + "'";
}

result link::run(const std::string& commands)
{
    ready_to_send();
    return checked(PQsendQuery(link_.get(), commands.c_str()));
}

void link::prepare(const std::string& name, const std::string& sql)
{
    ready_to_send();
    checked(PQsendPrepare(link_.get(), name.c_str(), sql.c_str(), 0, nullptr));
}

result link::run_prepared(const std::string& name, const parameters& values)
{
    constexpr int as_text = 0;
    ready_to_send();
    return checked(PQsendQueryPrepared(
        link_.get(), name.c_str(), values.count(), values.values(), values.lengths(), values.formats(), as_text
    ));
}

result link::run_whole(const std::string& sql, const parameters& values)
{
    constexpr int as_text = 0;
    ready_to_send();
    return checked(PQsendQueryParams(
        link_.get(), sql.c_str(), values.count(), nullptr, values.values(), values.lengths(), values.formats(), as_text
    ));
}

std::string link::settings() const
{
    return prepares() ? std::string{} : settings_command(options_, server_version(), true);
}

void link::send_aside(const std::string& command)
{
    ready_to_send();
    is_answered_ = PQsendQuery(link_.get(), command.c_str()) == 0;
    PQflush(link_.get());
}

/// Reads what is left of an answer.
void link::ready_to_send()
{
    if (!link_)
        throw link_lost{"the connection was lost before"};
    if (std::exchange(is_answered_, true))
        return;
    begin_waiting(true);
    flush();
    while (answer()) {}
}

bool link::heard_others(int own) noexcept
{
    struct freeing {
        void operator()(PGnotify* made) const noexcept { PQfreemem(made); }
    };
    bool out = false;
    PQconsumeInput(link_.get());
    while (const std::unique_ptr<PGnotify, freeing> next{PQnotifies(link_.get())})
        out = out || next->be_pid != own;
    return out;
}

bool link::in_transaction() const noexcept { return PQtransactionStatus(link_.get()) == PQTRANS_INTRANS; }

bool link::needs_rollback() const noexcept
{
    const auto status = PQtransactionStatus(link_.get());
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

bool link::is_lost() const noexcept { return PQstatus(link_.get()) != CONNECTION_OK; }

int link::backend() const noexcept { return PQbackendPID(link_.get()); }

int link::socket() const noexcept { return PQsocket(link_.get()); }

int link::server_version() const noexcept { return PQserverVersion(link_.get()); }

std::string link::parameter(const char* name) const
{
    const char* const value = PQparameterStatus(link_.get(), name);
    return value ? value : "";
}

void link::begin_waiting(bool may_hurry)
{
    may_hurry_ = may_hurry;
    deadline_ = later(later(options_.clock->steady_now(), options_.operation_deadline), grace);
}

/// Waits until the connection is ready for one of `events`.
void link::wait(short events)
{
    for (;;) {
        pollfd socket{.fd = PQsocket(link_.get()), .events = events, .revents = 0};
        const int ready = ::poll(&socket, 1, wait_step_ms);
        if (ready > 0)
            return;
        if (ready < 0 && errno != EINTR)
            lose("cannot be waited for");
        if (options_.hurry && *options_.hurry && may_hurry_)
            lose("the engine ends");
        if (options_.clock->steady_now() >= deadline_)
            lose("no answer within the operation's deadline");
    }
}

void link::flush()
{
    for (int left = 0; (left = PQflush(link_.get())) != 0;) {
        if (left < 0)
            lose(PQerrorMessage(link_.get()));
        wait(POLLIN | POLLOUT);
        if (PQconsumeInput(link_.get()) == 0)
            lose(PQerrorMessage(link_.get()));
    }
}

/// Reads one command's answer; null behind the last one.
result link::answer()
{
    while (PQisBusy(link_.get()) != 0) {
        wait(POLLIN);
        if (PQconsumeInput(link_.get()) == 0)
            lose(PQerrorMessage(link_.get()));
    }
    return result{PQgetResult(link_.get())};
}

/// Waits for the answers to what was sent: those up to the first error.
link::answers link::all_answers(int sent, bool may_hurry)
{
    was_warned_ = false;
    if (sent == 0)
        lose(PQerrorMessage(link_.get()));
    begin_waiting(may_hurry);
    flush();
    answers out;
    while (auto next = answer()) {
        const auto status = PQresultStatus(next.get());
        if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
            out.fine.push_back(std::move(next));
        else
            out.failed = std::move(next);
    }
    if (is_lost())
        lose(out.failed ? PQresultErrorMessage(out.failed.get()) : PQerrorMessage(link_.get()));
    return out;
}

/// Behind a pooler a statement may be unknown, or prepared already by another program.
sql_error link::failure(const result& failed)
{
    auto out = error_of(failed);
    if (out.state() == "26000" || out.state() == "42P05")
        stop_preparing();
    return out;
}

/// From now on all connections of this store do without.
void link::stop_preparing()
{
    if (!options_.prepares || !options_.prepares->exchange(false))
        return;
    options_.log(
        log_level::warning,
        name_ + ": a pooler gives us one connection after the other, and statements that were prepared are not there; "
                "from now on they are sent whole, and others' commits are looked for each second. Say prepare=off in "
                "the connection string, or let the pooler keep a connection for a session"
    );
}

void link::take_notice(const pg_result* notice) noexcept
{
    const char* const severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
    was_warned_ = was_warned_ || (severity && std::string_view{severity} == "WARNING");
}

/// Waits for the answers, and returns the last one.
result link::checked(int sent)
{
    auto got = all_answers(sent, true);
    if (got.failed)
        throw failure(got.failed);
    return std::move(got.fine.back());
}

/// The server's side ends when it notices. What it was doing may be done all the same.
void link::lose(const std::string& why)
{
    const link_lost lost{without_secrets(why, options_.target)};
    link_.reset();
    throw lost;
}

std::string lock_name(const std::string& schema) { return "cofila:" + schema; }

std::string lock_command(const std::string& schema)
{
    return "SELECT pg_advisory_xact_lock(hashtextextended('" + lock_name(schema) + "', 0))";
}

}  // namespace cofila::postgres
