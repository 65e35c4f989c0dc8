#include "merge.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <span>
#include <stdexcept>
#include <string>

#include "measures.hpp"

namespace bench {

using boost::json::object;

namespace {

double sum(std::span<const object> of, const char* figure)
{
    double out = 0;
    for (const auto& one : of)
        out += one.at(figure).to_number<double>();
    return out;
}

void require_each_once(std::span<const object> workers, std::int64_t jobs)
{
    deliveries all;
    for (const auto& one : workers)
        all.add(std::string{one.at("processed").as_string()});
    const auto completed = static_cast<std::int64_t>(sum(workers, "completed"));
    if (!all.exact(static_cast<std::size_t>(jobs)) || completed != jobs)
        throw std::runtime_error("a job was not processed and completed exactly once");
}

}  // namespace

object merge_shared(const std::vector<object>& results)
{
    const std::span workers{results.begin(), results.end() - 1};
    const auto& watcher = results.back();
    double first = workers.front().at("first").to_number<double>();
    double last = 0;
    for (const auto& one : workers) {
        first = std::min(first, one.at("first").to_number<double>());
        last = std::max(last, one.at("last").to_number<double>());
    }
    const auto jobs = watcher.at("jobs").as_int64();
    require_each_once(workers, jobs);
    auto out = rate(jobs, last - first);
    out["locks_held"] = sum(workers, "locks_held");
    out["locks_lost"] = sum(workers, "locks_lost");
    out["renewal_late_ms"] = watcher.at("renewal_late_ms");
    out["client_peak_mb"] = sum(workers, "client_peak_mb");
    return out;
}

object merge_crowd(const std::vector<object>& results)
{
    const std::span workers{results.begin(), results.end() - 1};
    const auto& added = results.back().at("added").as_array();
    const auto jobs = results.back().at("jobs").as_int64();
    if (results.back().at("failed") == 0)
        require_each_once(workers, jobs);
    std::vector<double> times;
    double last = 0;
    for (const auto& one : workers)
        for (std::size_t n = 0; n < added.size(); ++n)
            if (const auto at = one.at("started").as_array().at(n).to_number<double>(); at > 0) {
                times.push_back(at - added.at(n).to_number<double>());
                last = std::max(last, at);
            }
    auto out = rate(jobs, last - added.at(0).to_number<double>());
    for (auto& [name, value] : latencies(std::move(times)))
        out[name] = value;
    out["cpu_ms_per_job"] = sum(workers, "cpu") * 1e3 / static_cast<double>(jobs);
    out["locks_lost"] = sum(workers, "locks_lost");
    out["stalled"] = sum(workers, "stalled");
    out["failed"] = results.back().at("failed");
    out["client_peak_mb"] = sum(workers, "client_peak_mb");
    return out;
}

object merge_add_to_start(const std::vector<object>& results)
{
    const auto& starts = results.at(0).at("started").as_array();
    const auto& added = results.at(1).at("added").as_array();
    const auto first = added.size() - static_cast<std::size_t>(results.at(1).at("jobs").as_int64());
    std::vector<double> times;
    for (std::size_t n = first; n < added.size(); ++n)
        times.push_back(starts.at(n).to_number<double>() - added.at(n).to_number<double>());
    auto out = paced(
        static_cast<std::int64_t>(times.size()), starts.back().to_number<double>() - added.at(first).to_number<double>()
    );
    for (auto& [name, value] : latencies(std::move(times)))
        out[name] = value;
    out["client_peak_mb"] = sum(results, "client_peak_mb");
    return out;
}

}  // namespace bench
