// A program without coroutines: it adds jobs, a worker runs a plain function for each, and it waits for their results.
#include <cofila/blocking.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>

using namespace std::chrono_literals;

namespace blocking = cofila::blocking;

int count_words(const blocking::job<std::string, int>& job)
{
    const auto text = job.data();
    if (text.empty())
        throw std::invalid_argument{"there is no text"};
    job.log("counting");
    return 1 + static_cast<int>(std::ranges::count(text, ' '));
}

int main(int argc, char** argv)
try {
    if (argc != 2)
        return 2;
    blocking::engine engine{{.database = argv[1]}};  // runs on a thread of its own
    const auto texts = engine.queue<std::string, int>("texts");
    blocking::worker<std::string, int> worker{texts, count_words, {.concurrency = 4}};
    std::jthread working{[&] { worker.run(); }};

    const auto good = texts.add("count", "so many words");
    const auto bad = texts.add("count", "");
    const int words = texts.wait_until_finished(good.id, 10s);
    std::string reason;
    try {
        texts.wait_until_finished(bad.id, 10s);
    } catch (const cofila::error& e) {
        reason = e.what();
    }
    std::cout << words << '\n' << reason << '\n';
    worker.close();
    const bool as_expected = words == 3 && reason.ends_with("there is no text");
    return as_expected && texts.get_job_counts() == cofila::job_counts{.completed = 1, .failed = 1} ? 0 : 1;
} catch (const std::exception& e) {
    std::cerr << e.what() << '\n';
    return 1;
}
