// The event log and the metrics are written by triggers, in the transaction that changes the job: so they hold exactly
// what was committed, whichever program changed it. The number of an event has no gaps, since it is counted in the
// queue's row, which the transaction then holds. A trigger runs once for a statement, whatever the number of its rows,
// in the order in which they were written. The triggers are created when the first queue of a schema asks for events or
// counts, and dropped with the last one; their functions are in tables_1.cpp. Their rules are those of
// lib/domain/observation.hpp, which the memory repository calls: a change of one is a change of both. They rely on two
// habits of all statements: a job's row in `jobs` is there before its row in the table of a state, and when a job is
// removed that row goes first, while its state can still be seen.
#include "postgres/triggers.hpp"

namespace cofila::postgres {

namespace {

constexpr const char* creations[] = {
    "CREATE TRIGGER log_arrivals AFTER INSERT ON @live REFERENCING NEW TABLE AS arrived "
    "FOR EACH STATEMENT EXECUTE FUNCTION @log_arrivals()",
    "CREATE TRIGGER log_moves AFTER UPDATE ON @live REFERENCING OLD TABLE AS before NEW TABLE AS after "
    "FOR EACH STATEMENT EXECUTE FUNCTION @log_moves()",
    "CREATE TRIGGER log_ends AFTER INSERT ON @finished REFERENCING NEW TABLE AS arrived "
    "FOR EACH STATEMENT EXECUTE FUNCTION @log_ends()",
    "CREATE TRIGGER log_progress AFTER UPDATE ON @finished REFERENCING OLD TABLE AS before NEW TABLE AS after "
    "FOR EACH STATEMENT EXECUTE FUNCTION @log_progress()",
    "CREATE TRIGGER log_removals AFTER DELETE ON @jobs REFERENCING OLD TABLE AS gone "
    "FOR EACH STATEMENT EXECUTE FUNCTION @log_removals()",
    "CREATE TRIGGER count_ends AFTER INSERT ON @finished REFERENCING NEW TABLE AS arrived "
    "FOR EACH STATEMENT EXECUTE FUNCTION @count_ends()",
};

constexpr const char* drops[] = {
    "DROP TRIGGER log_arrivals ON @live",
    "DROP TRIGGER log_moves ON @live",
    "DROP TRIGGER log_ends ON @finished",
    "DROP TRIGGER log_progress ON @finished",
    "DROP TRIGGER log_removals ON @jobs",
    "DROP TRIGGER count_ends ON @finished",
};

bool any(session& tx, const char* sql) { return tx.sql().query(sql).step(); }

}  // namespace

void adjust_triggers(session& tx)
{
    const bool wanted = any(tx, "SELECT 1 FROM @queues WHERE events IS NOT NULL OR minutes IS NOT NULL LIMIT 1");
    const bool there =
        any(tx, "SELECT 1 FROM pg_trigger WHERE tgrelid = '@finished'::regclass AND tgname = 'count_ends'");
    if (wanted == there)
        return;
    for (const auto* sql : wanted ? creations : drops)
        tx.sql().exec(sql);
}

}  // namespace cofila::postgres
