#include "report.hpp"

#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace bench {

namespace {

struct column {
    std::string_view figure;
    std::string_view unit;
    int decimals;
    double least = 0;  // the bar that the median has to reach; 0: none
    double most = 0;   // the bar that it may not exceed; 0: none
};

constexpr column columns[] = {
    {"jobs_s", "jobs/s", 0},
    {"p50_us", "us at the median", 0},
    {"p99_us", "us at p99", 0},
    {"last_to_first", "last tenth to first tenth", 2},
    {"log_mb", "MB of log", 1},
    {"cpu_ms_per_job", "ms of CPU for each job", 3},
    {"locks_lost", "locks lost", 0},
    {"stalled", "stalled", 0},
    {"failed", "failed", 0},
    {"renewal_late_ms", "ms the latest renewal was late", 0},
    {"add_us", "us an add", 0},
    {"used_ratio", "beside used queues", 2},
    {"open_ratio", "beside open queues", 2},
    {"callers_ratio", "beside 2,000 waiting callers", 2, 0, 1.2},
    {"one_at_once_ratio", "of that for 1,000 tenants with one at once", 2, 0.5},
    {"two_at_once_ratio", "with two at once", 2, 0.5},
    {"claim_cpu_us", "us of CPU a claim beside 100 keys", 1},
    {"keys_1000_ratio", "times that beside 1,000", 2, 0, 1.5},
    {"keys_50000_ratio", "times that beside 50,000", 2, 0, 1.5},
    {"cpu_ms_in_10_s", "ms of CPU in 10 s", 1},
    {"client_peak_mb", "MiB at most", 0},
};

std::string verdict(const column& of, double median)
{
    if (of.least > 0)
        return fmt::format(" [>= {}: {}]", of.least, median >= of.least ? "met" : "not met");
    if (of.most > 0)
        return fmt::format(" [<= {}: {}]", of.most, median <= of.most ? "met" : "not met");
    return {};
}

/// Formats one figure of all repetitions: "median (least-most) unit [bar: verdict]".
std::string summary(const std::vector<boost::json::object>& results, const column& of)
{
    std::vector<double> values;
    for (const auto& one : results)
        values.push_back(one.at(of.figure).to_number<double>());
    std::ranges::sort(values);
    const auto median = values[values.size() / 2];
    return fmt::format(
        "{:.{}f} ({:.{}f}-{:.{}f}) {}{}",
        median,
        of.decimals,
        values.front(),
        of.decimals,
        values.back(),
        of.decimals,
        of.unit,
        verdict(of, median)
    );
}

}  // namespace

report::report(cofila::durability durability, bool json)
    : mode_{durability == cofila::durability::full ? "full" : "normal"},
      json_{json}
{}

report::~report() { print_row(); }

void report::add(const std::string& workload, boost::json::object result)
{
    if (workload != workload_)
        print_row();
    workload_ = workload;
    if (json_) {
        boost::json::object line{{"peer", "cofila"}, {"mode", mode_}, {"workload", workload}, {"rep", results_.size()}};
        for (auto& [name, value] : result)
            line[name] = value;
        fmt::print("{}\n", boost::json::serialize(line));
        std::fflush(stdout);
    }
    results_.push_back(std::move(result));
}

void report::print_row()
{
    if (!json_ && !results_.empty()) {
        std::string text;
        for (const auto& one : columns)
            if (results_.front().contains(one.figure) &&
                !(one.figure == "jobs_s" && results_.front().contains("paced")))
                text += (text.empty() ? "" : ", ") + summary(results_, one);
        fmt::print("{:17} {:7} {}\n", workload_, mode_, text);
        std::fflush(stdout);
    }
    results_.clear();
}

}  // namespace bench
