#include <chrono>
#include <memory>
#include <string>

#include "domain/log_lines.hpp"
#include "domain/transitions.hpp"
#include "domain/validation.hpp"
#include "support/new_year.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("log lines");

namespace {

job_record run_by(std::string worker, job_options options)
{
    auto job = domain::new_job(
        "a", "mail", "{}", std::make_shared<const job_options>(domain::resolve(options, queue_options{})), new_year
    );
    job.worker = std::move(worker);
    return job;
}

}  // namespace

TEST_CASE("an attempt that failed is told with its number, when the next is due, and why")
{
    auto job = run_by("w", {.attempts = 3});
    job.attempts_made = 1;
    const auto change = domain::after_failure(job, {.message = "smtp is down"}, new_year, 1500ms);
    CHECK(
        domain::retry_line("mails", job, change) ==
        "queue 'mails': job 'a' failed in attempt 2 of 3, the next is due in 1500 ms: smtp is down"
    );
}

TEST_CASE("a job that failed for good is told with its attempts where they are known, and why")
{
    CHECK(
        domain::failure_line("mails", "a", "boom", domain::attempts_made{.made = 3, .allowed = 3}) ==
        "queue 'mails': job 'a' has failed, 3 of 3 attempts made: boom"
    );
    CHECK(domain::failure_line("mails", "a", "cancelled: x", {}) == "queue 'mails': job 'a' has failed: cancelled: x");
}

TEST_CASE("a rescue is told with the worker that was lost")
{
    auto job = run_by("worker-1", {.max_stalled_count = 2});
    job.stalled_count = 1;
    CHECK(
        domain::stall_line("mails", job) ==
        "queue 'mails': job 'a' stalled, rescue 1 of 2: worker 'worker-1' died or did not renew its lock"
    );
}

TEST_CASE("a line is one line and harmless, whatever a job says")
{
    const auto line = domain::failure_line("q", "a", "two\nlines \x1B[31m", {});
    CHECK(line == "queue 'q': job 'a' has failed: two\\nlines \\x1B[31m");
}

TEST_SUITE_END();
