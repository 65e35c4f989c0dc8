// What a claim, a page and a change ask for.
#include <chrono>
#include <string>

#include "support/extremes.hpp"
#include "support/print.hpp"
#include "validation_fault.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("validation");

TEST_CASE("what many jobs are to be changed by is checked")
{
    constexpr auto no_state = static_cast<job_state>(77);
    CHECK(fault_of(job_filter{}) == "");
    CHECK(fault_of(job_filter{.state = job_state::active}) == "");
    CHECK(fault_of(job_filter{.state = no_state}) == "state");
    for (const auto state :
         {job_state::waiting, job_state::delayed, job_state::waiting_children, job_state::completed, job_state::failed})
        CHECK(fault_of(clean_request{.state = state}) == "");
    CHECK(fault_of(clean_request{.state = job_state::active}) == "state");
    CHECK(fault_of(clean_request{.state = no_state}) == "state");
    CHECK(fault_of(clean_request{.grace = milliseconds::max()}) == "");
    CHECK(fault_of(clean_request{.grace = -1ms}) == "grace");
    CHECK(fault_of(retry_request{}) == "");
    CHECK(fault_of(retry_request{.state = job_state::completed}) == "");
    for (const auto state :
         {job_state::waiting, job_state::delayed, job_state::active, job_state::waiting_children, no_state})
        CHECK(fault_of(retry_request{.state = state}) == "state");
}

TEST_CASE("the change of one job is checked")
{
    struct {
        const char* name;
        job_change change;
        std::string field;
    } const cases[] = {
        {"no delay", new_delay{}, ""},
        {"longest delay", new_delay{.wait = milliseconds::max()}, ""},
        {"negative delay", new_delay{.wait = -1ms}, "delay"},
        {"least priority", new_priority{.priority = 2'097'151}, ""},
        {"priority -1", new_priority{.priority = -1}, "priority"},
        {"priority past the greatest", new_priority{.priority = 2'097'152}, "priority"},
        {"removal", removal{}, ""},
        {"promotion", promotion{}, ""},
        {"retrial", retrial{}, ""},
        {"cancellation", cancellation{.why = "\xFF"}, ""},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(fault_of(c.change) == c.field);
    }
}

TEST_CASE("a claim asks for 1 to 10,000 jobs for at most a year")
{
    struct {
        const char* name;
        claim_request request;
        std::string field;
    } const cases[] = {
        {"default", {}, ""},
        {"one", {.limit = 1}, ""},
        {"most", {.limit = 10'000}, ""},
        {"none", {.limit = 0}, "limit"},
        {"too many", {.limit = 10'001}, "limit"},
        {"shortest lock", {.lock_duration = 1ms}, ""},
        {"no lock", {.lock_duration = 0ms}, "lock_duration"},
        {"negative lock", {.lock_duration = -1ms}, "lock_duration"},
        {"longest lock", {.lock_duration = 366 * 24h}, ""},
        {"lock too long", {.lock_duration = 366 * 24h + 1ms}, "lock_duration"},
        {"named worker", {.worker_id = "host:1"}, ""},
        {"worker with a line feed", {.worker_id = "a\n"}, "worker_id"},
        {"worker with too long a name", {.worker_id = std::string(201, 'w')}, "worker_id"},
        {"longest wait", {.wait = milliseconds::max()}, ""},
        {"negative wait", {.wait = -1ms}, "wait"},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(fault_of(c.request) == c.field);
    }
}

TEST_CASE("a page has 1 to 1,000 items")
{
    CHECK(fault_of(page_request{.limit = 1}) == "");
    CHECK(fault_of(page_request{.limit = 1000}) == "");
    CHECK(fault_of(page_request{.limit = 0}) == "limit");
    CHECK(fault_of(page_request{.limit = 1001}) == "limit");
}

TEST_SUITE_END();
