#pragma once
#include <cofila/clock.hpp>
#include <cofila/durability.hpp>
#include <cofila/logger.hpp>
#include <cofila/maintenance_options.hpp>
#include <cofila/queue.hpp>
#include <cofila/random_source.hpp>
#include <cofila/time.hpp>

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace cofila {

class job_repository;  // see cofila/repository/job_repository.hpp; cofila/memory.hpp has one

struct engine_options {
    /// Path of the SQLite file, on a local disk. A missing file is created, a missing folder is not. Or a PostgreSQL
    /// database, by a URL (`postgresql://user@host/db`) or a connection string (`host=... dbname=...`).
    std::string database{};
    cofila::durability durability = cofila::durability::full;
    std::optional<maintenance_options> maintenance = maintenance_options{};  ///< `nullopt`: this engine does not sweep.
    /// An operation that waits for the file or runs for longer than this is ended with `errc::storage_busy`. > 0.
    milliseconds operation_deadline = std::chrono::seconds{30};
    /// While an operation is under way, the engine's thread and the database thread spin for each other this long
    /// before they sleep, as long as that mostly pays off. Spinning costs CPU time and saves tens of microseconds. With
    /// `durability::normal`, a short operation that no other waits for runs on the engine's thread instead, if it needs
    /// to wait for nothing. 0 ... 1000; 0 means neither.
    std::chrono::microseconds spin{100};
    bool embed = false;  ///< Allows cofila to create its tables in the file of another application, beside its own.
    /// For PostgreSQL: the schema that holds the tables, 1 to 40 of `a-z`, `0-9` and `_`. Default (empty): `cofila`.
    std::string schema{};
    /// For PostgreSQL: whether the schema and its tables are made where they are missing. If false, opening throws
    /// `errc::storage_readonly` there.
    bool migrate = true;

    cofila::logger logger{};
    std::shared_ptr<cofila::clock> clock{};   ///< Default (null): the machine's.
    std::shared_ptr<random_source> random{};  ///< Default (null): the system's.
    /// Default (null): SQLite on `database`. If one is given, `database` must be empty.
    std::shared_ptr<job_repository> repository{};
};

namespace detail {
class engine_core;
using engine_ptr = std::shared_ptr<engine_core>;

boost::asio::awaitable<engine_ptr> open_engine(engine_options options);
boost::asio::awaitable<void> close(engine_ptr engine);
void abandon(const engine_ptr& engine) noexcept;
queue_ptr open_queue(const engine_ptr& engine, std::string name, std::optional<queue_options> options);
queue_ptr look_at(const engine_ptr& engine, std::string name);
boost::asio::awaitable<page<queue_info>> queues(engine_ptr engine, page_request request);
}  // namespace detail

/// One open store: it hands out queues, owns the maintenance, and closes everything in the right order. A movable
/// handle.
///
/// Thread: any. An engine lives on the executor of the coroutine that called `open`, or on a strand of its own there
/// unless that executor is known to do one thing at a time (an `io_context{1}` or a strand). Its slots, its callbacks
/// and, by default, its processors run there. Every awaitable of the engine, its queues, jobs, streams and workers may
/// be awaited on any executor: it crosses to the engine's executor and comes back. For a caller that is on that
/// executor already, this costs a comparison. The engine's executor must go on running.
/// In a child made by fork() every call throws `errc::closed`.
/// Lifetime: destroying the engine without `close()` asks every task to end and releases the file after the commit
/// under way. If the `io_context` is destroyed first, the engine ends with it: its handles stay harmless, and their
/// calls throw `errc::closed`.
class engine {
public:
    /// Opens the store. Errors: `errc::invalid_argument` (names the option), `errc::storage_foreign`,
    /// `errc::storage_newer`, `errc::storage_corrupt`, `errc::storage_readonly`, `errc::storage_busy`. A file that is
    /// refused is left untouched.
    static boost::asio::awaitable<engine> open(engine_options options) { return open_with(std::move(options)); }

    engine() = default;  ///< Refers to no store and must not be used.
    engine(engine&& other) noexcept : core_{std::move(other.core_)} {}
    engine& operator=(engine&& other) noexcept
    {
        std::swap(core_, other.core_);
        return *this;
    }
    ~engine() { detail::abandon(core_); }

    /// Returns the queue of this name: 1 to 200 bytes of UTF-8 without control characters. All calls with one name
    /// return handles to the same queue. The first call fixes the options; different ones later throw
    /// `errc::invalid_argument`. Throws `errc::closed` after `close()`.
    template <class Payload = boost::json::value, class Result = boost::json::value>
    cofila::queue<Payload, Result> queue(std::string name) const
    {
        return cofila::queue<Payload, Result>{detail::open_queue(core_, std::move(name), std::nullopt)};
    }
    template <class Payload = boost::json::value, class Result = boost::json::value>
    cofila::queue<Payload, Result> queue(std::string name, queue_options options) const
    {
        return cofila::queue<Payload, Result>{detail::open_queue(core_, std::move(name), std::move(options))};
    }

    /// Returns the same queue for callers that do not know its types and options; a later call of `queue` may still
    /// choose them. Nothing is created in the store: a queue that was never used looks empty. Errors: those of `queue`.
    queue_view look_at(std::string name) const { return queue_view{detail::look_at(core_, std::move(name))}; }
    /// Returns the queues of the store that have a job or a setting (a pause, a limit, an event log, metrics), by name.
    /// Errors: those of `queue_view`.
    boost::asio::awaitable<page<queue_info>> queues(page_request request = {}) const
    {
        return detail::queues(core_, std::move(request));
    }

    /// Closes the workers that run on its queues (with their grace), the queues, the maintenance and the store.
    /// Afterwards every call throws `errc::closed`. Idempotent.
    boost::asio::awaitable<void> close() { return detail::close(core_); }

private:
    explicit engine(detail::engine_ptr core) : core_{std::move(core)} {}
    static boost::asio::awaitable<engine> open_with(engine_options options)
    {
        co_return engine{co_await detail::open_engine(std::move(options))};
    }

    detail::engine_ptr core_{};
};

}  // namespace cofila
