#include "campaign.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <new>
#include <span>
#include <sstream>
#include <stdexcept>

#include "world.hpp"

namespace cofila::sim {

namespace {

constexpr int most_failures = 3;  // of one process: more of them say nothing new

struct result {
    std::string verdict{};
    std::uint64_t steps = 0;
    std::uint64_t jobs = 0;
    time length{};
    std::uint64_t trace = 0;
};

result run_seed(const campaign& what, std::uint64_t seed)
{
    auto here = std::make_unique<world>(seed, what.database);
    result out;
    if (what.verbose)
        std::cout << "seed " << seed << ": " << here->chosen << '\n';
    try {
        here->run(what.steps);
        out.verdict = here->verdict();
    } catch (const std::exception& e) {
        out.verdict = e.what();
    }
    out.steps = here->time_line.steps();
    out.jobs = here->jobs_added();
    out.length = here->time_line.now();
    out.trace = here->time_line.trace();
    if (!out.verdict.empty())
        static_cast<void>(here.release());  // coroutines that are still suspended cannot be destroyed safely
    return out;
}

void tell(const campaign& what, std::uint64_t seed, const result& of)
{
    std::ostringstream line;
    line << "FAILED at step " << of.steps << " after " << std::chrono::duration<double>{of.length}.count()
         << " virtual seconds: " << of.verdict << "\n    replay: ./dev sim --seed " << seed << " --steps " << what.steps
         << '\n';
    std::cout << line.str() << std::flush;
}

/// One process's part of the work, in memory that all of them see.
struct shard {
    figures done{};
    std::uint64_t at_seed = 0;
};

/// To be added up, so that it does not matter which process ran which seed.
constexpr std::uint64_t mixed(std::uint64_t seed, std::uint64_t trace)
{
    const auto both = (seed * 0x9E3779B97F4A7C15U) ^ trace;
    return (both ^ (both >> 32)) * 0xD6E8FEB86659FD93U;
}

bool run_one(const campaign& what, std::uint64_t seed, figures& done)
{
    auto got = run_seed(what, seed);
    if (seed % 100 == 0 && got.verdict.empty()) {
        ++done.twice;
        if (run_seed(what, seed).trace != got.trace)
            got.verdict = "R12: the same seed gave another run";
    }
    ++done.seeds;
    done.steps += got.steps;
    done.jobs += got.jobs;
    done.trace += mixed(seed, got.trace);
    done.virtual_milliseconds +=
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(got.length).count());
    if (got.verdict.empty())
        return true;
    ++done.failures;
    tell(what, seed, got);
    return false;
}

void run_shard(const campaign& what, std::size_t first, shard& out)
{
    for (auto i = first; i < what.seeds.size() && out.done.failures < most_failures; i += what.processes) {
        out.at_seed = what.seeds[i];
        run_one(what, out.at_seed, out.done);
    }
    out.done.probes = reached();
}

void add(figures& to, const figures& part)
{
    to.seeds += part.seeds;
    to.failures += part.failures;
    to.twice += part.twice;
    to.steps += part.steps;
    to.jobs += part.jobs;
    to.virtual_milliseconds += part.virtual_milliseconds;
    to.trace += part.trace;
    for (std::size_t i = 0; i < probe_count; ++i)
        to.probes[i] += part.probes[i];
}

std::span<shard> shared_shards(std::size_t count)
{
    void* const memory =
        ::mmap(nullptr, count * sizeof(shard), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        throw std::runtime_error{"no memory to share"};
    auto* const first = static_cast<shard*>(memory);
    std::uninitialized_default_construct_n(first, count);
    return {first, count};
}

/// A process that was ended by a signal has found something, too.
void wait_for(const campaign& what, pid_t process, shard& of)
{
    int status = 0;
    if (::waitpid(process, &status, 0) == process && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    ++of.done.failures;
    result dead;
    dead.verdict = WIFSIGNALED(status) ? "ended by signal " + std::to_string(WTERMSIG(status)) : "ended its process";
    tell(what, of.at_seed, dead);
}

}  // namespace

figures run(const campaign& what)
{
    const auto shards = shared_shards(what.processes);
    figures out;
    if (what.processes == 1) {
        run_shard(what, 0, shards[0]);
        add(out, shards[0].done);
        return out;
    }
    std::cout << std::flush;
    std::vector<pid_t> processes;
    for (std::size_t i = 0; i < shards.size(); ++i) {
        const auto process = ::fork();
        if (process < 0)
            throw std::runtime_error{"cannot fork"};
        if (process == 0) {
            run_shard(what, i, shards[i]);
            std::exit(0);
        }
        processes.push_back(process);
    }
    for (std::size_t i = 0; i < shards.size(); ++i) {
        wait_for(what, processes[i], shards[i]);
        add(out, shards[i].done);
    }
    return out;
}

}  // namespace cofila::sim
