// The deterministic simulation: production code on virtual time and simulated machines, with faults (docs/testing.md).
#include <cofila/sqlite.hpp>

#include <malloc.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "campaign.hpp"
#include "support/temp_folder.hpp"

namespace {

using namespace cofila;

/// A campaign of this many seeds has to reach every probe.
constexpr std::uint64_t enough_for_probes = 4'000;

constexpr const char* usage = R"(usage: simulation [OPTIONS]
  --seed S     the first seed (default 1); alone, only this one, and what it is like
  --seeds N    how many, from the first one on
  --steps N    handlers that are run with faults, of each seed (default 2000)
  --jobs N     processes that share the seeds (default: one for each processor)
  --list FILE  seeds to be run before all others, one in a line
)";

struct options {
    std::optional<std::uint64_t> first{};
    std::optional<std::uint64_t> count{};
    std::string list{};
    sim::campaign campaign{};
};

std::uint64_t number(std::string_view text)
{
    std::uint64_t out = 0;
    const auto* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, out);
    if (read.ec != std::errc{} || read.ptr != end)
        throw std::invalid_argument{"not a number: '" + std::string{text} + "'"};
    return out;
}

options parse(int count, char** words)
{
    options out;
    out.campaign.processes = std::max(1U, std::thread::hardware_concurrency());
    for (int i = 1; i < count; i += 2) {
        const std::string_view name = words[i];
        if (i + 1 == count)
            throw std::invalid_argument{"'" + std::string{name} + "' needs a value"};
        const std::string_view value = words[i + 1];
        if (name == "--seed")
            out.first = number(value);
        else if (name == "--seeds")
            out.count = number(value);
        else if (name == "--steps")
            out.campaign.steps = number(value);
        else if (name == "--jobs")
            out.campaign.processes = std::max(1U, static_cast<unsigned>(number(value)));
        else if (name == "--list")
            out.list = value;
        else
            throw std::invalid_argument{"unknown option '" + std::string{name} + "'"};
    }
    return out;
}

/// A line is a seed, and perhaps what it once found.
void add_known_seeds(const std::string& path, std::vector<std::uint64_t>& seeds)
{
    std::ifstream file{path};
    if (!file)
        throw std::runtime_error{"cannot read '" + path + "'"};
    for (std::string line; std::getline(file, line);)
        if (!line.empty() && line.front() != '#')
            seeds.push_back(number(std::string_view{line}.substr(0, line.find(' '))));
}

sim::campaign plan(const options& chosen)
{
    auto out = chosen.campaign;
    const bool only_one = chosen.first && !chosen.count;
    if (!chosen.list.empty() && !only_one)
        add_known_seeds(chosen.list, out.seeds);
    for (std::uint64_t i = 0; i < chosen.count.value_or(1); ++i)
        out.seeds.push_back(chosen.first.value_or(1) + i);
    out.verbose = only_one;
    if (out.processes > out.seeds.size())
        out.processes = static_cast<unsigned>(out.seeds.size());
    return out;
}

void show(const sim::figures& done, double seconds)
{
    std::cout << "simulation: " << done.seeds << " seeds, " << done.steps << " steps, " << done.jobs << " jobs, "
              << done.virtual_milliseconds / 3'600'000 << " virtual hours, " << done.twice << " seeds run twice, "
              << done.failures << " failures; " << static_cast<std::uint64_t>(seconds) << " s, "
              << static_cast<std::uint64_t>(static_cast<double>(done.steps) / seconds) << " steps/s\n"
              << "trace of all: " << std::hex << std::setw(16) << std::setfill('0') << done.trace << std::dec << '\n';
}

/// How many were never reached.
std::size_t show_probes(const sim::figures& done, bool all)
{
    std::size_t missed = 0;
    for (std::size_t i = 0; i < sim::probe_count; ++i) {
        const auto text = to_string(static_cast<sim::probe>(i));
        missed += done.probes[i] == 0 ? 1U : 0U;
        if (all || done.probes[i] == 0)
            std::cout << (done.probes[i] == 0 ? "never reached: " : "") << text
                      << (all ? ": " + std::to_string(done.probes[i]) : "") << '\n';
    }
    std::cout << sim::probe_count - missed << " of " << sim::probe_count << " probes reached\n";
    return missed;
}

/// A run frees what the next one takes: giving it back to the system between them costs a third of the time.
void keep_memory()
{
#ifdef __GLIBC__
    ::mallopt(M_MMAP_THRESHOLD, 1 << 30);
    ::mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
}

int run(const options& chosen)
{
    keep_memory();
    if (!tune_sqlite())
        throw std::logic_error{"SQLite is in use before the simulation begins"};
    const test::temp_folder folder;
    auto campaign = plan(chosen);
    campaign.database = folder.file("simulated.db");
    std::ofstream{campaign.database};
    const auto start = std::chrono::steady_clock::now();
    const auto done = sim::run(campaign);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    const auto missed = show_probes(done, campaign.verbose);
    show(done, took.count());
    const bool must_reach_all = campaign.seeds.size() >= enough_for_probes;
    return done.failures > 0 || (must_reach_all && missed > 0) ? 1 : 0;
}

}  // namespace

int main(int count, char** words)
{
    try {
        return run(parse(count, words));
    } catch (const std::invalid_argument& e) {
        std::cerr << e.what() << '\n' << usage;
    } catch (const std::exception& e) {
        std::cerr << e.what() << '\n';
    }
    return 2;
}
