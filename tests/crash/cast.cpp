#include "cast.hpp"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace cofila::test {

using std::chrono::steady_clock;

cast::cast(const stage& here, std::function<int()> next_seed) : here_{here}, next_seed_{std::move(next_seed)}
{
    for (std::size_t role = 0; role < roles.size(); ++role)
        play(role);
}

void cast::play(std::size_t role)
{
    auto& who = actors_.at(role);
    std::vector<std::string> words;
    // What its predecessor did not learn about is added again by every other successor.
    if (const auto seed = next_seed_(); seed % 2 == 0 && !who.name.empty())
        words = said_.unknown(who.name);
    who.name = "p" + std::to_string(++names_);
    words.insert(words.begin(), {who.name, std::to_string(next_seed_())});
    who.process = std::make_unique<child_process>(here_.as(roles.at(role), words));
    who.lines = 0;
}

void cast::take_lines(actor& from)
{
    try {
        const auto lines = from.process->take_lines();
        from.lines += lines.size();
        for (const auto& line : lines)
            said_.note(line);
    } catch (const std::exception& e) {
        throw std::runtime_error(from.name + ": " + e.what());
    }
}

void cast::take_lines_of_all(int timeout)
{
    std::array<pollfd, roles.size()> ready{};
    for (std::size_t role = 0; role < roles.size(); ++role)
        ready.at(role) = {.fd = actors_.at(role).process->output(), .events = POLLIN, .revents = 0};
    if (::poll(ready.data(), ready.size(), timeout) <= 0)
        return;
    for (std::size_t role = 0; role < roles.size(); ++role)
        if (ready.at(role).revents != 0)
            take_lines(actors_.at(role));
}

void cast::listen(std::size_t role, std::size_t lines, std::chrono::microseconds patience)
{
    const auto& who = actors_.at(role);
    const auto wanted = who.lines + lines;
    const auto until = steady_clock::now() + patience;
    while (who.lines < wanted && steady_clock::now() < until)
        take_lines_of_all(1);
}

void cast::kill(const std::vector<std::size_t>& which)
{
    for (const auto role : which)
        actors_.at(role).process->send(SIGKILL);
    for (const auto role : which) {
        auto& who = actors_.at(role);
        if (const int code = who.process->wait(); code != 128 + SIGKILL)
            said_.note("ended by itself with code " + std::to_string(code) + ": " + who.name);
        std::istringstream rest{who.process->read_rest()};
        for (std::string line; std::getline(rest, line);)
            said_.note(line);
        if (roles.at(role) == std::string_view{"tend"})  // nobody else changes it
            said_.see_paused(here_.is_paused());
    }
}

verdict cast::end()
{
    std::vector<std::size_t> all;
    for (std::size_t role = 0; role < roles.size(); ++role)
        all.push_back(role);
    kill(all);
    child_process last{here_.as("drain", {"last", std::to_string(next_seed_())})};
    std::istringstream rest{last.read_rest()};
    for (std::string line; std::getline(rest, line);)
        said_.note(line);
    if (const int code = last.wait(); code != 0)
        said_.note("the last process ended with code " + std::to_string(code));
    said_.see_paused(here_.is_paused());
    return said_.judge(here_.contents());
}

}  // namespace cofila::test
