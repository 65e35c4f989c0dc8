#include "plan.hpp"

#include <algorithm>
#include <stdexcept>

namespace bench {

namespace {

constexpr std::int64_t sequential = 20'000;
constexpr std::int64_t many = 50'000;
constexpr std::int64_t deep = 1'000'000;

task filling(std::int64_t jobs) { return {.kind = "fill", .jobs = jobs}; }

step draining(std::string name, std::int64_t jobs, int concurrency, int prefetch = 0)
{
    return {
        .workload = std::move(name),
        .before = {filling(jobs)},
        .run = {{.kind = "drain", .jobs = jobs, .concurrency = concurrency, .prefetch = prefetch}}
    };
}

step measure(std::string name, std::string kind, std::int64_t jobs, int concurrency)
{
    return {.workload = std::move(name), .run = {{.kind = std::move(kind), .jobs = jobs, .concurrency = concurrency}}};
}

/// 20,000 jobs with a million waiting behind them, or a million finished ones beside them.
step beside(std::string name, std::vector<task> once)
{
    auto out = draining(std::move(name), sequential, 10);
    out.once = std::move(once);
    return out;
}

/// The last process only looks.
step shared(std::string name, std::size_t processes)
{
    step out{.workload = std::move(name), .before = {filling(4 * many)}, .merge = merge_shared, .looks_at_file = true};
    out.run.assign(processes, {.kind = "drain shared", .jobs = 4 * many, .concurrency = 100});
    out.run.push_back({.kind = "watch locks", .jobs = 4 * many});
    return out;
}

/// Processes with a worker each, and one that adds.
step crowd(std::string name, int processes, std::int64_t jobs, bool in_bulk)
{
    step out{.workload = std::move(name), .merge = merge_crowd};
    out.run.assign(static_cast<std::size_t>(processes), {.kind = "work in a crowd", .jobs = jobs, .concurrency = 2});
    out.run.push_back({.kind = "add for a crowd", .jobs = jobs, .crowd = processes, .in_bulk = in_bulk});
    return out;
}

step across_processes(std::string name)
{
    return {
        .workload = std::move(name),
        .run =
            {{.kind = "start what others add", .jobs = 500, .concurrency = 10}, {.kind = "add for others", .jobs = 500}
            },
        .merge = merge_add_to_start
    };
}

std::vector<step> whole_table()
{
    const task finish{.kind = "drain", .jobs = deep, .concurrency = 100};
    return {
        measure("W1", "add one by one", sequential, 1),
        measure("W2.conc100", "add together", many, 100),
        measure("W2.bulk1000", "fill", many, 1),
        measure("W2.million", "add a million", deep, 100),
        draining("W3.c1", many, 1),
        draining("W3.c1.prefetch16", many, 1, 16),
        draining("W3.c10", many, 10),
        draining("W3.c100", many, 100),
        measure("W4.one", "add to start", 500, 10),
        across_processes("W4.two"),
        draining("W5.shallow", sequential, 10),
        beside("W5.deep", {filling(deep)}),
        beside("W5.finished", {filling(deep), finish}),
        draining("W6", many, 100),
        measure("W7", "drain failing once", 10'000, 10),
        shared("W8.one", 1),
        shared("W8.two", 2),
        measure("W9", "lateness", 100'000, 100),
        measure("W10", "idle", 0, 10),
        crowd("W11.p1", 1, 500, false),
        crowd("W11.p10", 10, 500, false),
        crowd("W11.p50", 50, 500, false),
        crowd("W11.p100", 100, 500, false),
        crowd("W11.p200", 200, 500, false),
        crowd("W12", 200, 3'000, true),
        measure("W13", "add beside queues", 5'000, 1),
        measure("W14.c10", "drain tenants", sequential, 10),
        measure("W14.c100", "drain tenants", sequential, 100),
        measure("W15.unlimited", "claim unlimited", 1'000, 10),
        measure("W15.concurrency", "claim with concurrency", 1'000, 10),
        measure("W15.rate", "claim with rate", 1'000, 10),
        measure("W17", "add beside callers", 2'000, 1),
    };
}

/// "W3" names W3.c1, W3.c10 ...; "W3.c1" only itself.
bool is_meant(const std::string& workload, const std::string& name)
{
    return workload == name || (name.find('.') == std::string::npos && workload.starts_with(name + "."));
}

}  // namespace

std::vector<step> plan(const std::vector<std::string>& names, std::int64_t jobs)
{
    const auto table = whole_table();
    for (const auto& name : names)
        if (std::ranges::none_of(table, [&](const auto& one) { return is_meant(one.workload, name); }))
            throw std::invalid_argument("there is no workload " + name);
    std::vector<step> out;
    for (auto one : table) {
        if (!names.empty() && std::ranges::none_of(names, [&](const auto& n) { return is_meant(one.workload, n); }))
            continue;
        for (auto* const tasks : {&one.before, &one.run})
            for (auto& task : *tasks)
                if (jobs > 0 && task.jobs > 0)
                    task.jobs = jobs;
        out.push_back(std::move(one));
    }
    return out;
}

}  // namespace bench
