#include "report.hpp"

#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace bench {

namespace {

/// Formats one figure of all repetitions: "median (least-most)".
std::string summary(const std::vector<boost::json::object>& results, std::string_view name, int decimals)
{
    std::vector<double> values;
    for (const auto& one : results)
        values.push_back(one.at(name).to_number<double>());
    std::ranges::sort(values);
    return fmt::format(
        "{:.{}f} ({:.{}f}-{:.{}f})",
        values[values.size() / 2],
        decimals,
        values.front(),
        decimals,
        values.back(),
        decimals
    );
}

struct column {
    std::string_view figure;
    std::string_view unit;
    int decimals;
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
    {"cpu_ms_in_10_s", "ms of CPU in 10 s", 1},
    {"client_peak_mb", "MiB at most", 0},
};

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
        for (const auto& [figure, unit, decimals] : columns)
            if (results_.front().contains(figure) && !(figure == "jobs_s" && results_.front().contains("paced")))
                text += fmt::format("{}{} {}", text.empty() ? "" : ", ", summary(results_, figure, decimals), unit);
        fmt::print("{:17} {:7} {}\n", workload_, mode_, text);
        std::fflush(stdout);
    }
    results_.clear();
}

}  // namespace bench
