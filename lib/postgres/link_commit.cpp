// The end of a transaction. With `durability::full` a commit itself does not wait for the disk, so that the schema's
// lock is let go at once. A message behind it in the write-ahead log does, and shares the wait with other processes.
#include <algorithm>
#include <string_view>

#include "postgres/libpq.hpp"
#include "postgres/link_settings.hpp"

namespace cofila::postgres {

namespace {

constexpr const char* wait_command = "SELECT pg_logical_emit_message(true, 'cofila', '')";
/// The server waits for its synchronous standbys until `statement_timeout`, and then only warns.
constexpr const char* not_replicated = "the server has not heard of its standbys in time";

}  // namespace

void link::commit(std::vector<message> last, bool waits_behind)
{
    ready_to_send();
    last.push_back({.name = "COMMIT", .is_prepared = false});
    if (waits_behind)
        last.push_back({.name = wait_for_commits(), .is_prepared = false});
    answers got;
    try {
        got = run_in_pipeline(last, false);
    } catch (const link_lost& e) {
        throw commit_lost{e.what()};
    }
    // A transaction that an error has ended is rolled back instead, which is no error for the server.
    const bool committed = std::ranges::any_of(got.fine, [](const result& one) {
        return std::string_view{PQcmdStatus(one.get())} == "COMMIT";
    });
    if (committed && got.failed)
        throw commit_lost{failure(got.failed).what()};
    if (committed && was_warned_)
        throw commit_lost{not_replicated};
    if (!committed)
        throw got.failed ? failure(got.failed) : sql_error{"25P02", "the transaction had failed before"};
}

void link::wait_for_disk()
{
    if (options_.durability == durability::full)
        run(wait_for_commits());
    if (was_warned_)
        throw link_lost{not_replicated};
}

std::string link::wait_for_commits() const
{
    if (prepares())
        return wait_command;
    return "SELECT set_config('synchronous_commit', " + synchronous_commit(options_.durability) +
           ", true), pg_logical_emit_message(true, 'cofila', '')";
}

}  // namespace cofila::postgres
