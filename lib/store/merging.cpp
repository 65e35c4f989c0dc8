#include "store/merging.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "store/works.hpp"

namespace cofila::store {

namespace {

constexpr std::size_t fewest_together = 4;
constexpr std::size_t most_together = 128;

}  // namespace

std::span<operation_ptr> adds_in_front(std::span<operation_ptr> waiting)
{
    const auto* const first = waiting.front()->adds();
    const auto joins = [&](const operation_ptr& op) {
        const auto* const add = !op->has_failed() && first ? op->adds() : nullptr;
        return add && add->job->queue == first->job->queue;
    };
    const auto some = waiting.first(std::min(waiting.size(), most_together));
    const std::span<operation_ptr> found{some.begin(), std::ranges::find_if_not(some, joins)};
    return found.size() < fewest_together ? std::span<operation_ptr>{} : found;
}

void adds_together::run(tables& db)
{
    std::vector<job_draft> jobs;
    jobs.reserve(adds_.size());
    for (const auto& what : adds_)
        jobs.push_back(what->adds()->job);
    auto rows = add(db, jobs).rows;
    for (std::size_t i = 0; i < rows.size(); ++i)
        adds_[i]->added(alone(std::move(rows[i])));
}

}  // namespace cofila::store
