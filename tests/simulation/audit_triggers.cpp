#include "audit_triggers.hpp"

#include <vector>

#include "support/job_rows.hpp"

namespace cofila::sim {

namespace {

std::string trigger(const std::string& name, const std::string& when, const std::string& what)
{
    return "CREATE TEMP TRIGGER sim_" + name + " " + when + " BEGIN SELECT " + what + "; END;";
}

/// Before a statement touches a job for the first time its row is read, when all of the job is still as it was.
std::string seeing(const std::string& name, const std::string& event, const std::string& table, const char* row)
{
    return trigger(name, "BEFORE " + event + " ON main." + table, "sim_job_touched(" + std::string{row} + ".key)");
}

std::string worker_of(const char* row)
{
    return "coalesce((SELECT n.name FROM cofila_worker_names AS n WHERE n.number = " + std::string{row} +
           ".worker), '')";
}

/// A state's table, and what its row makes of a job: the columns from the state to the worker.
struct state_table {
    std::string name;
    std::string from_state;
};

std::vector<state_table> state_tables()
{
    const std::string counted = "NULL, j.attempts_made, j.attempts_started, j.stalled_count, lower(hex(j.token)), ";
    const auto idle = counted + "NULL, 0, " + worker_of("j");
    return {
        {"waiting", "0, NEW.priority, NEW.position, j.run_at, " + idle},
        {"waiting_grouped", "0, NEW.priority, NEW.position, j.run_at, " + idle},
        {"delayed", "1, NEW.priority, NEW.position, NEW.run_at, " + idle},
        {"active",
         "2, j.priority, j.position, NULL, NULL, j.attempts_made, NEW.attempts_started, j.stalled_count, "
         "lower(hex(NEW.token)), NEW.locked_until, NEW.lock_duration, " +
             worker_of("NEW")},
        {"finished",
         "NEW.state, j.priority, j.position, NULL, NEW.finished_at, NEW.attempts_made, NEW.attempts_started, "
         "NEW.stalled_count, lower(hex(NEW.token)), NULL, 0, " +
             worker_of("NEW")},
    };
}

/// A job has moved when its key is in the table of its new state, and has changed when its row there has. Where it was
/// before is known by then; whether it has left that table shows in the next look at the file.
std::string triggers_of_states()
{
    std::string out;
    for (const auto& [name, from_state] : state_tables()) {
        const auto table = "cofila_" + name;
        const auto moved = "sim_job_moved(NEW.key, NEW.queue, " COFILA_TEST_JOB_ID("j.") ", " + from_state +
                           ", coalesce((SELECT o.text FROM cofila_options AS o WHERE o.number = j.options), "
                           "(SELECT r.options FROM cofila_rare AS r WHERE r.job = j.key))) "
                           "FROM cofila_jobs AS j WHERE j.key = NEW.key";
        out += seeing(name + "_to_come", "INSERT", table, "NEW") + seeing(name + "_to_go", "DELETE", table, "OLD") +
               seeing(name + "_to_change", "UPDATE", table, "OLD") +
               trigger(name + "_came", "AFTER INSERT ON main." + table, moved) +
               trigger(name + "_changed", "AFTER UPDATE ON main." + table, moved);
    }
    return out;
}

std::string triggers_of_jobs()
{
    return trigger("added", "AFTER INSERT ON main.cofila_jobs", "sim_job_added(NEW.key)") +
           seeing("to_change", "UPDATE", "cofila_jobs", "OLD") + seeing("to_go", "DELETE", "cofila_jobs", "OLD") +
           trigger(
               "progressed",
               "AFTER UPDATE OF progress ON main.cofila_jobs",
               "sim_job_progressed(NEW.key, NEW.progress <> OLD.progress)"
           ) +
           trigger(
               "token_taken",
               "AFTER UPDATE OF token ON main.cofila_jobs WHEN NEW.token IS NULL AND OLD.token IS NOT NULL",
               "sim_token_taken(NEW.key)"
           ) +
           trigger("removed", "AFTER DELETE ON main.cofila_jobs", "sim_job_removed(OLD.key)");
}

std::string triggers_of_the_rest()
{
    const std::string event_log = "sim_event_log_changed(NEW.queue, NEW.events)";
    return trigger(
               "made", "AFTER INSERT ON main.cofila_queues", "sim_queue_changed(NEW.number, NEW.name, NEW.paused, 1)"
           ) +
           trigger("forgotten", "AFTER DELETE ON main.cofila_queues", "sim_queue_changed(OLD.number, OLD.name, 0, 2)") +
           trigger(
               "paused",
               "AFTER UPDATE OF paused ON main.cofila_queues",
               "sim_queue_changed(NEW.number, NEW.name, NEW.paused, 0)"
           ) +
           trigger("logged", "AFTER INSERT ON main.cofila_logs", "sim_log_changed(NEW.job, 1)") +
           trigger("log_cut", "AFTER DELETE ON main.cofila_logs", "sim_log_changed(OLD.job, 0)") +
           trigger("event_log_made", "AFTER INSERT ON main.cofila_watched", event_log) +
           trigger("event_log_set", "AFTER UPDATE OF events ON main.cofila_watched", event_log) +
           trigger(
               "rate_set",
               "AFTER UPDATE OF rate_max, rate_window ON main.cofila_queues",
               "sim_rate_changed(NEW.number, NEW.rate_max, NEW.rate_window)"
           );
}

}  // namespace

const std::string& audit_triggers()
{
    static const auto triggers = triggers_of_states() + triggers_of_jobs() + triggers_of_the_rest();
    return triggers;
}

}  // namespace cofila::sim
