#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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
        {"several states", {.state = {job_state::failed, job_state::waiting}}, true, true},
        {"other states", {.state = {job_state::active, job_state::completed}}, false, false},
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
        bool over_backwards;
    } const cases[] = {
        {"finished too late", {.state = job_state::failed, .before = finished_at}, true, false},
        {"finished just in time", {.state = job_state::failed, .before = finished_at + 1ms}, false, false},
        {"no time is asked for", {.state = job_state::failed}, false, false},
        {"by id", {.since = finished_at + 1ms, .before = finished_at}, false, false},
        {"finished too early", {.state = job_state::failed, .since = finished_at + 1h}, false, true},
        {"finished early enough", {.state = job_state::failed, .since = finished_at}, false, false},
        {"of several", {.state = {job_state::failed, job_state::active}, .before = finished_at}, true, false},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(domain::none_follow(failed_job(), c.filter, false) == c.over);
        CHECK(domain::none_follow(failed_job(), c.filter, true) == c.over_backwards);
    }
    // Waiting jobs come by their turn: a younger one may be followed by an older one.
    const job_filter waiting{.state = job_state::waiting, .since = added_at + 1ms, .before = added_at};
    CHECK_FALSE(domain::none_follow(waiting_job(), waiting, false));
    CHECK_FALSE(domain::none_follow(waiting_job(), waiting, true));
}

TEST_CASE("several states are listed one after the other, the finished ones as one, and backwards from the end")
{
    using enum job_state;
    const auto letters = [](const job_states& states, bool newest_first) {
        std::string out;
        for (const auto& one : domain::listings_of(states, newest_first))
            out += one.letter;
        return out;
    };
    struct {
        job_states of;
        std::string letters;
    } const cases[] = {
        {waiting, "w"},
        {completed, "c"},
        {failed, "f"},
        {{failed, completed}, "e"},
        {{failed, waiting}, "wf"},
        {{active, delayed, waiting}, "wda"},
        {{failed, completed, waiting_children, active, delayed, waiting}, "wdahe"},
    };
    for (const auto& c : cases) {
        CHECK(letters(c.of, false) == c.letters);
        CHECK(letters(c.of, true) == std::string(c.letters.rbegin(), c.letters.rend()));
    }
    CHECK(domain::listings_of({completed, failed}, false).front().of == std::vector{completed, failed});
}

TEST_CASE("states are a set: in any order, each once, and what is none is told")
{
    using enum job_state;
    const job_states some{failed, waiting, failed};
    CHECK(some == job_states{waiting, failed});
    CHECK(some.contains(failed));
    CHECK_FALSE(some.contains(active));
    CHECK_FALSE(some.has_unknown());
    CHECK(job_states{}.empty());
    CHECK(job_states{std::optional<job_state>{}}.empty());
    CHECK(job_states{std::optional{delayed}} == delayed);
    CHECK(job_states{static_cast<job_state>(6)}.has_unknown());
    CHECK(job_states{static_cast<job_state>(-1)}.has_unknown());
}

TEST_SUITE_END();
