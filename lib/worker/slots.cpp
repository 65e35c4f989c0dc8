#include "worker/slots.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace cofila {

attempt_ptr slots::take(attempt_ptr claimed)
{
    if (unused_.empty())
        unused_.emplace_back();
    ready_.splice(ready_.end(), unused_, unused_.begin());
    ready_.back() = claimed;
    const std::lock_guard lock{holding_};
    return std::exchange(held_[claimed->job->key], std::move(claimed));
}

attempt_ptr slots::start_next()
{
    if (startable() == 0)
        return nullptr;
    running_.splice(running_.end(), ready_, ready_.begin());
    running_.back()->place = std::prev(running_.end());
    return running_.back();
}

void slots::vacate(const attempt_ptr& attempt)
{
    const auto place = attempt->place;
    unused_.splice(unused_.end(), running_, place);
    place->reset();
}

question slots::ask(int settle, int claim)
{
    question out{.claim = claim};
    const auto end = ended_.begin() + std::min(settle, unsettled());
    if (end == ended_.end()) {
        out.ended = std::exchange(ended_, {});
        ended_.reserve(out.ended.size());
    } else {
        out.ended.assign(std::move_iterator{ended_.begin()}, std::move_iterator{end});
        ended_.erase(ended_.begin(), end);
    }
    ++asking_;
    request(claim);
    return out;
}

void slots::settle_again(std::vector<ended_attempt> first)
{
    ended_.insert(ended_.begin(), std::move_iterator{first.begin()}, std::move_iterator{first.end()});
}

std::vector<attempt_ptr> slots::drop_lost()
{
    std::vector<attempt_ptr> out;
    std::erase_if(ended_, [&](const ended_attempt& ended) {
        if (ended.attempt->lost())
            out.push_back(ended.attempt);
        return ended.attempt->lost();
    });
    return out;
}

void slots::let_go(const attempt_ptr& attempt)
{
    const std::lock_guard lock{holding_};
    if (const auto found = held_.find(attempt->job->key); found != held_.end() && found->second == attempt)
        held_.erase(found);
}

void slots::let_go_of_all()
{
    const std::lock_guard lock{holding_};
    held_.clear();
}

bool slots::holds(const job_id& which) const
{
    const std::lock_guard lock{holding_};
    return std::ranges::any_of(held_, [&](const auto& entry) { return entry.second->job->id == which; });
}

std::size_t slots::count_held() const
{
    const std::lock_guard lock{holding_};
    return held_.size();
}

}  // namespace cofila
