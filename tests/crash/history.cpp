#include "history.hpp"

#include <algorithm>
#include <sstream>

#include "plan.hpp"

namespace cofila::test {

std::vector<std::string> words_of(const std::string& text, char at)
{
    std::vector<std::string> out;
    std::istringstream from{text};
    for (std::string word; std::getline(from, word, at);)
        out.push_back(word);
    return out;
}

void verdict::complain(std::size_t verdict::* kind, const std::string& what)
{
    ++(this->*kind);
    if (complaints.size() < 20)
        complaints.push_back(what);
}

verdict& verdict::operator+=(const verdict& other)
{
    acknowledged += other.acknowledged;
    unknown += other.unknown;
    completed += other.completed;
    rescued += other.rescued;
    promoted += other.promoted;
    retried += other.retried;
    removed += other.removed;
    lost += other.lost;
    duplicated += other.duplicated;
    unexpected += other.unexpected;
    complaints.insert(complaints.end(), other.complaints.begin(), other.complaints.end());
    return *this;
}

const std::map<std::string, history::change> history::changes{
    {"promote", {.verb = "promote", .acknowledged = false}},
    {"promoted", {.verb = "promote", .acknowledged = true}},
    {"retry", {.verb = "retry", .acknowledged = false}},
    {"retried", {.verb = "retry", .acknowledged = true}},
    {"remove", {.verb = "remove", .acknowledged = false}},
    {"removed", {.verb = "remove", .acknowledged = true}},
};

const std::map<std::string, std::optional<bool>> history::pauses{
    {"pausing", std::nullopt},
    {"paused", true},
    {"resuming", std::nullopt},
    {"resumed", false},
};

void history::note(const std::string& line)
{
    const auto words = words_of(line, ' ');
    const auto& what = words.front();
    const auto rest = line.size() > what.size() ? line.substr(what.size() + 1) : std::string{};
    if (what == "add" || what == "added") {
        auto ids = rest;
        std::ranges::replace(ids, ' ', ',');
        adds_[ids] = adds_[ids] || what == "added";
    } else if (what == "run") {
        if (!runs_.insert({words.at(1), std::stoi(words.at(2))}).second)
            strange_.push_back("twice: " + line);
    } else if (what == "completed") {
        ++completed_[{words.at(1), std::stoi(words.at(2))}];
    } else if (what == "retrying") {
        ++failed_[{words.at(1), std::stoi(words.at(2))}];
    } else if (const auto by_hand = changes.find(what); by_hand != changes.end()) {
        auto& seen = changes_[{by_hand->second.verb, words.at(1)}];
        ++(by_hand->second.acknowledged ? seen.acknowledged : seen.asked);
    } else if (const auto pause = pauses.find(what); pause != pauses.end()) {
        paused_ = pause->second;
    } else if (what != "stalled") {
        strange_.push_back(line);
    }
}

void history::see_paused(bool paused)
{
    if (paused_ && *paused_ != paused)
        lost_.push_back(*paused_ ? "an acknowledged pause" : "an acknowledged resume");
}

std::vector<std::string> history::unknown(const std::string& adder) const
{
    std::vector<std::string> out;
    for (const auto& [ids, acknowledged] : adds_)
        if (!acknowledged && ids.starts_with(adder + "-") &&
            std::ranges::none_of(words_of(ids, ','), [](const auto& id) { return plan_of(id).may_go(); }))
            out.push_back(ids);
    return out;
}

}  // namespace cofila::test
