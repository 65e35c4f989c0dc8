#include "domain/log_lines.hpp"

#include "domain/text.hpp"

namespace cofila::domain {

namespace {

std::string start(const std::string& queue, const job_id& id)
{
    return "queue '" + queue + "': job '" + id.str() + "' ";
}

std::string of(int number, int all) { return std::to_string(number) + " of " + std::to_string(all); }

}  // namespace

std::string retry_line(const std::string& queue, const job_record& before, const transition& change)
{
    const auto& ended = *change.failed_attempt;
    const auto wait = change.run_at ? *change.run_at - ended.at : milliseconds{};
    return printable_text(
        start(queue, before.id) + "failed in attempt " + of(ended.number, before.options->attempts.value_or(1)) +
        ", the next is due in " + std::to_string(wait.count()) + " ms: " + ended.error.message
    );
}

std::string failure_line(
    const std::string& queue, const job_id& id, const std::string& reason, std::optional<attempts_made> attempts
)
{
    const auto counted = attempts ? ", " + of(attempts->made, attempts->allowed) + " attempts made" : std::string{};
    return printable_text(start(queue, id) + "has failed" + counted + ": " + reason);
}

std::string stall_line(const std::string& queue, const job_record& now)
{
    return printable_text(
        start(queue, now.id) + "stalled, rescue " + of(now.stalled_count, now.options->max_stalled_count.value_or(1)) +
        ": worker '" + now.worker + "' died or did not renew its lock"
    );
}

}  // namespace cofila::domain
