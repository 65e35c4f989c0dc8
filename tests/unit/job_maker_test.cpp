#include <cofila/error.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "domain/generated_id.hpp"
#include "domain/job_maker.hpp"
#include "support/error_of.hpp"
#include "support/manual_clock.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("job maker");

namespace {

using spec = job_spec<std::string>;

struct maker {
    queue_options options{.defaults = {.priority = 7}, .size_limit = 10};
    domain::job_maker jobs{"q", options};
    std::uint64_t drawn = 0;

    domain::job_maker::id_source ids()
    {
        return [this] { return domain::make_random_part(0, ++drawn); };
    }
    job_snapshot make(spec what) { return jobs.make(std::move(what), ids(), manual_clock::start); }
};

}  // namespace

TEST_CASE("a job has what the caller said, and the queue's defaults where he said nothing")
{
    maker m;
    const auto job = m.make({.name = "x", .data = "1", .options = {.delay = 5s, .attempts = 2}});
    CHECK(job->queue == "q");
    CHECK(job->id.empty());
    CHECK((job->random == domain::make_random_part(0, 1)));
    CHECK(job->name == "x");
    CHECK(job->data == "1");
    CHECK(job->priority == 7);
    CHECK(job->state == job_state::delayed);
    CHECK(job->run_at == manual_clock::start + 5s);
    CHECK(job->timestamp == manual_clock::start);
    CHECK(job->options->attempts == 2);
    CHECK_FALSE(job->options->id);
}

TEST_CASE("an id of the caller's is taken, and none is drawn")
{
    maker m;
    const auto job = m.make({.name = "x", .data = "1", .options = {.id = "mine"}});
    CHECK(job->id == "mine");
    CHECK_FALSE(job->random);
    CHECK(m.drawn == 0);
}

TEST_CASE("jobs of one kind share their options, also where they have ids of their own; others do not")
{
    maker m;
    const auto a = m.make({.name = "x", .data = "1", .options = {.id = "a", .attempts = 2}});
    const auto b = m.make({.name = "x", .data = "1", .options = {.id = "b", .attempts = 2}});
    const auto c = m.make({.name = "x", .data = "1", .options = {.attempts = 3}});
    CHECK(a->options == b->options);
    CHECK(c->options != a->options);
    CHECK(c->options->attempts == 3);
}

TEST_CASE("what is wrong with one is told by its field")
{
    maker m;
    const auto fails_with = [&](spec what, errc code, const std::string& field) {
        const auto e = error_of([&] { m.make(std::move(what)); });
        CHECK(e.code == code);
        CHECK(e.field == field);
    };
    fails_with({.name = "", .data = "1"}, errc::invalid_argument, "name");
    fails_with({.name = "x", .data = "1", .options = {.id = ""}}, errc::invalid_argument, "id");
    fails_with({.name = "x", .data = "nonsense"}, errc::invalid_argument, "data");
    fails_with({.name = "x", .data = "\"0123456789\""}, errc::payload_too_large, "");
    fails_with({.name = "x", .data = "1", .options = {.priority = -1}}, errc::invalid_argument, "priority");
}

TEST_CASE("what is wrong with one of many is told by its index and field")
{
    maker m;
    std::vector<spec> specs(3, {.name = "x", .data = "1"});
    specs[2].options.attempts = 0;
    const auto e = error_of([&] { m.jobs.make_all(specs, m.ids(), manual_clock::start); });
    CHECK(e.code == errc::invalid_argument);
    CHECK(e.field == "[2].attempts");
    specs[2].options.attempts = 1;
    const auto jobs = m.jobs.make_all(specs, m.ids(), manual_clock::start);
    REQUIRE(jobs.size() == 3);
    CHECK((jobs[0]->random != jobs[2]->random));
}

TEST_SUITE_END();
