// What can be done with jobs that wait: find them, change them, cancel, run again and remove them.
#include <cofila/cofila.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// Page by page: no call is long, however many jobs there are.
asio::awaitable<std::vector<std::string>> waiting_with(cofila::queue<std::string> mails, cofila::tag wanted)
{
    std::vector<std::string> found;
    const cofila::job_filter filter{.state = cofila::job_state::waiting, .tag = wanted};
    cofila::page_request request{.limit = 2};
    do {
        const auto page = co_await mails.get_jobs(filter, request);
        for (const auto& job : page.items)
            found.push_back(job.id().str());
        request.after = page.next;
    } while (!request.after.empty());
    co_return found;
}

asio::awaitable<int> app(std::string database)
{
    auto engine = co_await cofila::engine::open({.database = database});
    auto mails = engine.queue<std::string>("mails");
    for (const auto* id : {"a", "b", "c", "d"})
        co_await mails.add("mail", "text", {.id = id, .tags = {{"campaign", "spring"}}});
    co_await mails.add("mail", "text", {.id = "other"});

    auto d = (co_await mails.get_job("d")).value();
    co_await d.change_priority(0, true);  // to the head of its priority
    co_await d.update_data("a better text");
    const auto place = co_await mails.get_position("a");
    co_await (co_await mails.get_job("b"))->change_delay(1h);
    co_await mails.cancel("c", "it was called off");
    auto c = (co_await mails.get_job("c")).value();
    const auto found = co_await waiting_with(mails, {.key = "campaign", .value = "spring"});
    const auto before = co_await mails.get_job_counts();

    std::cout << "d is before a: " << place.value_or(0) << "; c: " << c.failed_reason() << "; waiting:";
    for (const auto& id : found)
        std::cout << ' ' << id;
    const auto again = co_await mails.retry_all() + co_await mails.promote_all();  // c, b
    const auto removed = co_await mails.drain();
    std::cout << "\nlet " << again << " jobs wait again, and removed " << removed << '\n';
    co_await mails.obliterate();
    co_await engine.close();
    const bool as_expected = place == 1u && c.failed_reason() == "cancelled: it was called off" &&
                             found == std::vector<std::string>{"d", "a"} && again == 2 && removed == 5;
    co_return (as_expected && before == cofila::job_counts{.waiting = 3, .delayed = 1, .failed = 1}) ? 0 : 1;
}

int main(int argc, char** argv) { return argc == 2 ? cofila::run_main(app(argv[1])) : 2; }
