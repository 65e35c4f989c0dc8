#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "domain/listing.hpp"
#include "domain/transitions.hpp"
#include "domain/validation.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("listing");

namespace {

constexpr time_point added_at = std::chrono::sys_days{std::chrono::year{2030} / 1 / 1};
constexpr time_point finished_at = added_at + 1h;

job_record waiting_job()
{
    auto options = std::make_shared<const job_options>(
        domain::resolve({.tags = {{"tenant", "a"}, {"region", "eu"}}}, queue_options{})
    );
    return domain::new_job("a", "mail", "{}", std::move(options), added_at);
}

job_record failed_job()
{
    auto job = waiting_job();
    job.state = job_state::failed;
    job.finished_at = finished_at;
    return job;
}

tag of(std::string key, std::string value) { return {.key = std::move(key), .value = std::move(value)}; }

}  // namespace

TEST_CASE("a job matches a filter where all is true that is set")
{
    struct {
        const char* name;
        job_filter filter;
        bool waiting;
        bool failed;
    } const cases[] = {
        {"nothing set", {}, true, true},
        {"state", {.state = job_state::waiting}, true, false},
        {"name", {.name = "mail"}, true, true},
        {"another name", {.name = "mai"}, false, false},
        {"no name", {.name = ""}, false, false},
        {"tag", {.tag = of("tenant", "a")}, true, true},
        {"another tag", {.tag = of("region", "eu")}, true, true},
        {"another value", {.tag = of("tenant", "b")}, false, false},
        {"the value of another key", {.tag = of("tenant", "eu")}, false, false},
        {"another key", {.tag = of("tenants", "a")}, false, false},
        {"since the add", {.since = added_at}, true, true},
        {"since just after the add", {.since = added_at + 1ms}, false, true},
        {"since the end", {.since = finished_at}, false, true},
        {"since just after the end", {.since = finished_at + 1ms}, false, false},
        {"before the add", {.before = added_at}, false, false},
        {"before just after the add", {.before = added_at + 1ms}, true, false},
        {"before the end", {.before = finished_at}, true, false},
        {"before just after the end", {.before = finished_at + 1ms}, true, true},
        {"all but the name", {.state = job_state::failed, .name = "x", .since = added_at}, false, false},
        {"all", {.state = job_state::failed, .name = "mail", .tag = of("tenant", "a"), .since = added_at}, false, true},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(domain::matches(waiting_job(), c.filter) == c.waiting);
        CHECK(domain::matches(failed_job(), c.filter) == c.failed);
    }
}

TEST_CASE("a listing of finished jobs is over where they finished too late, any other only at its end")
{
    struct {
        const char* name;
        job_filter filter;
        bool over;
    } const cases[] = {
        {"finished too late", {.state = job_state::failed, .before = finished_at}, true},
        {"finished just in time", {.state = job_state::failed, .before = finished_at + 1ms}, false},
        {"no time is asked for", {.state = job_state::failed}, false},
        {"by id", {.before = finished_at}, false},
        {"a time that later jobs will have reached", {.state = job_state::failed, .since = finished_at + 1h}, false},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(domain::none_follow(failed_job(), c.filter) == c.over);
    }
    // Waiting jobs come by their turn: a younger one may be followed by an older one.
    CHECK_FALSE(domain::none_follow(waiting_job(), {.state = job_state::waiting, .before = added_at}));
}

TEST_SUITE_END();
