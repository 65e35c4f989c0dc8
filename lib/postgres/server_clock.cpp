#include "postgres/server_clock.hpp"

#include <chrono>
#include <string>
#include <utility>

#include "postgres/statements.hpp"

namespace cofila::postgres {

/// The first question of a connection takes longer than others.
void server_clock::begin(link& server)
{
    constexpr int questions = 3;
    rule_ = {};
    for (int i = 0; i < questions; ++i)
        measure(server);
    constexpr milliseconds large{1'000};
    const milliseconds offset{offset_};
    if (std::chrono::abs(offset) <= large || std::exchange(is_logged_, true))
        return;
    server.options().log(
        log_level::warning,
        server.name() + ": the server's clock is " + std::to_string(std::chrono::abs(offset).count()) + " ms " +
            (offset > milliseconds{} ? "ahead of" : "behind") + " this machine's; times are the server's"
    );
}

void server_clock::measure(link& server)
{
    const auto asked = machine_->steady_now();
    rows row{server.run("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")};
    const auto answered = machine_->steady_now();
    if (!row.step())
        return;
    rule_.add({
        .round_trip = answered - asked,
        .server = time_point{milliseconds{row.number(0)}},
        .machine = machine_->wall_now(),
    });
    offset_ = rule_.now().count();
}

}  // namespace cofila::postgres
