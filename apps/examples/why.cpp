// Why is it not running? In words for people, and as data for programs.
#include <cofila/cofila.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <string>

namespace asio = boost::asio;
using namespace std::chrono_literals;
using kind = cofila::why_cause::kind;

bool is_among(const cofila::why_answer& answer, kind what)
{
    return std::ranges::any_of(answer.causes, [&](const cofila::why_cause& cause) { return cause.what == what; });
}

asio::awaitable<int> app(std::string database)
{
    auto engine = co_await cofila::engine::open({.database = database});
    auto mails = engine.queue<std::string>("mails");
    co_await mails.add("mail", "first", {.id = "a"});
    co_await mails.add("mail", "second", {.id = "b"});
    co_await mails.add("mail", "later", {.id = "c", .delay = 1h});
    co_await mails.pause();

    const auto second = co_await mails.why("b");
    const auto later = co_await mails.why("c");
    std::cout << "b: " << second.text << "\nc: " << later.text << '\n';

    co_await mails.resume();
    const auto held = co_await mails.fetch_next_and_lock({.worker_id = "by hand"});
    const auto next = co_await mails.why("b");
    std::cout << "b now: " << next.text << '\n';
    co_await mails.release(held.front().claim);
    co_await engine.close();

    const bool paused = is_among(second, kind::paused) && is_among(second, kind::behind_others);
    co_return (paused && is_among(later, kind::not_due) && !is_among(next, kind::paused)) ? 0 : 1;
}

int main(int argc, char** argv) { return argc == 2 ? cofila::run_main(app(argv[1])) : 2; }
