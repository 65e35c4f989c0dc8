#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <string>
#include <vector>

#include "campaign.hpp"
#include "site.hpp"

using namespace cofila;
using test::child_process;

TEST_SUITE_BEGIN("soak");

namespace {

/// Resources of the process after a number of jobs.
struct usage {
    double jobs = 0;
    double resident = 0;
    double allocated = 0;
    double descriptors = 0;
    double file = 0;
    double log = 0;
};

std::vector<usage> usages(const std::string& said)
{
    std::vector<usage> out;
    std::istringstream lines{said};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words{line};
        std::string first;
        usage now;
        words >> first >> now.jobs >> now.resident >> now.allocated >> now.descriptors >> now.file >> now.log;
        REQUIRE_MESSAGE(first == "used", line);
        out.push_back(now);
    }
    return out;
}

/// By how much it grows with each million of jobs: the slope of the straight line through the samples.
double growth(const std::vector<usage>& samples, double usage::* what)
{
    double jobs = 0;
    double value = 0;
    for (const auto& sample : samples) {
        jobs += sample.jobs / static_cast<double>(samples.size());
        value += sample.*what / static_cast<double>(samples.size());
    }
    double together = 0;
    double apart = 0;
    for (const auto& sample : samples) {
        together += (sample.jobs - jobs) * (sample.*what - value);
        apart += (sample.jobs - jobs) * (sample.jobs - jobs);
    }
    return 1e6 * together / apart;
}

/// The same from the first sample to the last. The heap grows by steps of half a megabyte, and through one step in the
/// middle of a short run no line fits.
double growth_in_all(const std::vector<usage>& samples, double usage::* what)
{
    const auto& first = samples.front();
    const auto& last = samples.back();
    return 1e6 * (last.*what - first.*what) / (last.jobs - first.jobs);
}

double most(const std::vector<usage>& samples, double usage::* what)
{
    return std::ranges::max(samples, {}, what).*what;
}

std::string rounded(double value) { return std::to_string(static_cast<long long>(value)); }

}  // namespace

TEST_CASE("a process that runs on and on needs no more memory, descriptors or disk")
{
    const int jobs = test::amount("COFILA_SOAK_JOBS", 200'000, 10'000'000);
    const test::site here;
    const auto start = std::chrono::steady_clock::now();
    child_process worker{here.as("soak", {std::to_string(jobs)})};
    std::string said;
    try {
        for (;;)
            said += worker.read_line() + "\n";
    } catch (const std::runtime_error&) {  // the end
    }
    CHECK(worker.wait() == 0);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    auto samples = usages(said);
    REQUIRE(samples.size() >= 20);
    samples.erase(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 4));  // warm by now
    const auto allocated = growth(samples, &usage::allocated);
    const auto resident = growth_in_all(samples, &usage::resident);
    const auto descriptors = most(samples, &usage::descriptors) - samples.front().descriptors;
    test::figure(
        "soak: " + std::to_string(jobs) + " jobs, " + rounded(jobs / took.count()) +
        " jobs/s; growth for each million: " + rounded(allocated) + " bytes allocated, " + rounded(resident) +
        " bytes resident (" + rounded(most(samples, &usage::resident)) + " at most), " + rounded(descriptors) +
        " descriptors; file " + rounded(most(samples, &usage::file)) + " and log " +
        rounded(most(samples, &usage::log)) + " bytes at most"
    );
    constexpr double megabyte = 1e6;
    // Of a short run, in which what is under way just then counts for much: less than a megabyte in all.
    const auto most_growth = megabyte / std::min(1.0, jobs / 1e6);
    CHECK(allocated < most_growth);
    CHECK(resident < most_growth);
    CHECK(descriptors == 0);
    CHECK(most(samples, &usage::log) < 33'554'432);
    CHECK(most(samples, &usage::file) < 16 * megabyte);
}

TEST_SUITE_END();
