#include "error_table.hpp"

namespace cofila::test {

namespace {

using task = asio::awaitable<void>;

error_case refused(const char* field, engine_options options)
{
    return {"engine::open", errc::invalid_argument, field, [options = std::move(options)](app& a) -> task {
                auto chosen = options;
                if (chosen.database.empty())
                    chosen.repository = a.store;
                (void)co_await engine::open(std::move(chosen));
            }};
}

error_case queue_refused(const char* field, std::string name, queue_options options = {})
{
    return {
        "engine::queue",
        errc::invalid_argument,
        field,
        [name = std::move(name), options = std::move(options)](app& a) -> task {
            (void)a.engine.queue(name, options);
            co_return;
        }
    };
}

}  // namespace

std::vector<error_case> engine_errors()
{
    return {
        refused("database", {.database = std::string{"a\0b", 3}}),
        refused("database", {.database = ":memory:"}),
        refused("operation_deadline", {.operation_deadline = milliseconds::min()}),
        refused("spin", {.spin = std::chrono::microseconds::min()}),
        refused("spin", {.spin = std::chrono::microseconds::max()}),
        refused("maintenance.interval", {.maintenance = maintenance_options{.interval = milliseconds::min()}}),
        {"engine::open",
         errc::invalid_argument,
         "database",
         [](app&) -> task {
             engine_options nothing_named;
             (void)co_await engine::open(std::move(nothing_named));
         }},
        {"engine::open",
         errc::invalid_argument,
         "database",
         [](app& a) -> task {
             engine_options both{.database = "jobs.db", .repository = a.store};
             (void)co_await engine::open(std::move(both));
         }},
        queue_refused("queue", ""),
        queue_refused("queue", std::string(201, 'q')),
        queue_refused(
            "queue",
            "\xC2\x9B"
            "2J"
        ),
        queue_refused("defaults.id", "q", {.defaults = {.id = "a"}}),
        queue_refused("attempts", "q", {.defaults = {.attempts = 0}}),
        queue_refused("on_completed.age", "q", {.on_completed = retention::keep_for(seconds::max())}),
        queue_refused("on_failed.age", "q", {.on_failed = retention::keep_for(seconds::min())}),
        queue_refused("size_limit", "q", {.size_limit = 0}),
        queue_refused("size_limit", "q", {.size_limit = std::numeric_limits<std::size_t>::max()}),
        {"engine::queue",
         errc::invalid_argument,
         "options",
         [](app& a) -> task {
             (void)a.engine.queue("q", {.size_limit = 1});
             (void)a.engine.queue("q", {.size_limit = 2});
             co_return;
         }},
        {"engine::queue",
         errc::closed,
         "",
         [](app& a) -> task {
             co_await a.engine.close();
             (void)a.engine.queue("q");
         }},
        {"engine::look_at",
         errc::invalid_argument,
         "queue",
         [](app& a) -> task {
             (void)a.engine.look_at("a\nb");
             co_return;
         }},
        {"engine::look_at",
         errc::closed,
         "",
         [](app& a) -> task {
             co_await a.engine.close();
             (void)a.engine.look_at("q");
         }},
        {"engine::queues",
         errc::invalid_argument,
         "limit",
         [](app& a) -> task { (void)co_await a.engine.queues({.limit = most}); }},
        {"engine::queues",
         errc::invalid_argument,
         "after",
         [](app& a) -> task { (void)co_await a.engine.queues({.after = "of another program"}); }},
        {"engine::queues",
         errc::closed,
         "",
         [](app& a) -> task {
             co_await a.engine.close();
             (void)co_await a.engine.queues();
         }},
    };
}

}  // namespace cofila::test
