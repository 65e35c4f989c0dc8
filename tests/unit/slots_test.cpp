#include <cofila/job_id.hpp>

#include <memory>
#include <string>
#include <vector>

#include "support/new_year.hpp"
#include "support/print.hpp"
#include "worker/slots.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("slots");

namespace {

attempt_ptr claimed(std::int64_t key, std::string id)
{
    auto job = std::make_shared<job_record>();
    job->key = key;
    job->id = job_id{std::move(id)};
    return std::make_shared<attempt_run>(std::move(job), steady_time{});
}

std::string names(const slots::attempts& attempts)
{
    std::string out;
    for (const auto& attempt : attempts)
        out += attempt->job->id.str();
    return out;
}

std::string names(const std::vector<ended_attempt>& ended)
{
    std::string out;
    for (const auto& one : ended)
        out += one.attempt->job->id.str();
    return out;
}

/// A worker's books with the jobs a, b, c ..., claimed and not started.
struct with_jobs {
    explicit with_jobs(int concurrency, int jobs) : books{concurrency}
    {
        for (int i = 0; i < jobs; ++i) {
            all.push_back(claimed(i + 1, std::string(1, static_cast<char>('a' + i))));
            books.take(all.back());
        }
    }

    slots books;
    std::vector<attempt_ptr> all{};
};

}  // namespace

TEST_CASE("as many attempts start as there are slots, in the order of their claims")
{
    with_jobs here{2, 3};
    CHECK(here.books.startable() == 2);
    CHECK(here.books.start_next() == here.all[0]);
    CHECK(here.books.start_next() == here.all[1]);
    CHECK(here.books.startable() == 0);
    CHECK(here.books.start_next() == nullptr);
    CHECK(names(here.books.running()) == "ab");
    CHECK(names(here.books.ready()) == "c");
    here.books.vacate(here.all[0]);
    CHECK(here.books.start_next() == here.all[2]);
    CHECK(names(here.books.running()) == "bc");
    CHECK(here.books.start_next() == nullptr);
}

TEST_CASE("fewer slots than attempts that run: none starts until enough have ended")
{
    with_jobs here{2, 3};
    here.books.start_next();
    here.books.start_next();
    here.books.set_concurrency(1);
    CHECK(here.books.startable() == 0);
    here.books.vacate(here.all[0]);
    CHECK(here.books.start_next() == nullptr);
    here.books.vacate(here.all[1]);
    CHECK(here.books.start_next() == here.all[2]);
}

TEST_CASE("a slot is free while fewer jobs than slots are running, ready or requested")
{
    with_jobs here{3, 1};
    here.books.start_next();
    here.books.take(claimed(2, "b"));
    CHECK(here.books.taken() == 2);
    CHECK(here.books.has_free_slot());
    here.books.request(1);
    CHECK(here.books.taken() == 3);
    CHECK_FALSE(here.books.has_free_slot());
    here.books.answered(1);
    CHECK(here.books.has_free_slot());
}

TEST_CASE("paused or closing, no slot counts as free")
{
    slots books{1};
    CHECK(books.open());
    books.set_paused(true);
    CHECK_FALSE(books.open());
    CHECK_FALSE(books.has_free_slot());
    books.set_paused(false);
    CHECK(books.has_free_slot());
    books.close();
    CHECK(books.closing());
    CHECK_FALSE(books.open());
    CHECK_FALSE(books.has_free_slot());
}

TEST_CASE("a lock is held from the claim until it is let go, wherever the attempt is")
{
    with_jobs here{1, 1};
    const auto& a = here.all[0];
    CHECK(here.books.holds("a"));
    here.books.start_next();
    here.books.vacate(a);
    here.books.settle({.attempt = a});
    here.books.ask(1, 0);
    CHECK(here.books.holds("a"));
    CHECK(here.books.count_held() == 1);
    CHECK(here.books.held().at(1) == a);
    here.books.let_go(a);
    CHECK_FALSE(here.books.holds("a"));
    CHECK(here.books.count_held() == 0);
    CHECK_FALSE(here.books.held().contains(1));
}

TEST_CASE("a job that came back is held by its new attempt, and the old one cannot let go of it")
{
    with_jobs here{1, 1};
    const auto again = claimed(1, "a");
    CHECK(here.books.take(again) == here.all[0]);
    here.books.let_go(here.all[0]);
    CHECK(here.books.held().at(1) == again);
}

TEST_CASE("a question takes the oldest outcomes, and a failed one puts them back in front")
{
    with_jobs here{3, 3};
    for (const auto& attempt : here.all)
        here.books.settle({.attempt = attempt});
    auto first = here.books.ask(2, 5);
    CHECK(names(first.ended) == "ab");
    CHECK(first.claim == 5);
    CHECK(here.books.asking() == 1);
    CHECK(here.books.unsettled() == 1);
    here.books.answered(first.claim);
    here.books.settle_again(std::move(first.ended));
    here.books.end_question();
    CHECK(here.books.asking() == 0);
    CHECK(names(here.books.ask(10, 0).ended) == "abc");
    CHECK(here.books.unsettled() == 0);
}

TEST_CASE("outcomes of lost attempts are dropped, and the others keep their order")
{
    with_jobs here{3, 3};
    for (const auto& attempt : here.all)
        here.books.settle({.attempt = attempt});
    here.all[1]->ask_to_end(cancel_reason::lock_lost, {});
    CHECK(here.books.drop_lost() == std::vector{here.all[1]});
    CHECK(here.books.drop_lost().empty());
    CHECK(names(here.books.ask(3, 0).ended) == "ac");
}

TEST_CASE("closing slots have finished once nothing is ready, running, requested, unsettled or asked")
{
    with_jobs here{1, 1};
    auto& books = here.books;
    const auto& a = here.all[0];
    CHECK_FALSE(books.finished());
    books.close();
    CHECK_FALSE(books.finished());  // ready
    books.start_next();
    CHECK_FALSE(books.finished());  // running
    books.vacate(a);
    CHECK(books.finished());
    books.settle({.attempt = a});
    CHECK_FALSE(books.finished());  // unsettled
    books.ask(1, 0);
    CHECK_FALSE(books.finished());  // asked
    books.end_question();
    CHECK(books.finished());
    books.request(1);
    CHECK_FALSE(books.finished());  // requested
    books.answered(1);
    CHECK(books.finished());
}

TEST_CASE("open slots have never finished")
{
    const slots books{1};
    CHECK_FALSE(books.finished());
}

TEST_CASE("what is taken off the books is in no slot any more")
{
    with_jobs here{2, 4};
    here.books.start_next();
    here.books.start_next();
    here.books.drop_ready(here.all[2]);
    CHECK(names(here.books.take_ready()) == "d");
    CHECK(names(here.books.take_running()) == "ab");
    CHECK(here.books.taken() == 0);
    CHECK(here.books.count_held() == 4);
    here.books.let_go_of_all();
    CHECK(here.books.count_held() == 0);
}

TEST_CASE("a graver reason to end replaces the one that stands, and only the first interrupts")
{
    const auto attempt = claimed(1, "a");
    const auto at = steady_time{} + milliseconds{5};
    CHECK(attempt->ask_to_end(cancel_reason::shutdown, at));
    CHECK_FALSE(attempt->ask_to_end(cancel_reason::timed_out, at + milliseconds{1}));
    CHECK(attempt->cancelled == cancel_reason::shutdown);
    CHECK_FALSE(attempt->ask_to_end(cancel_reason::cancelled, at + milliseconds{2}, "why"));
    CHECK(attempt->cancelled == cancel_reason::cancelled);
    CHECK(attempt->cancelled_why == "why");
    CHECK(attempt->told == cancel_reason::cancelled);
    CHECK(attempt->asked_to_end_at == at);
}

TEST_SUITE_END();
