// Measures the product through its public functions. Each repetition runs in processes of its own.
#include <cofila/sqlite.hpp>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "plan.hpp"
#include "process.hpp"
#include "report.hpp"
#include "store_place.hpp"

namespace fs = std::filesystem;

namespace {

struct settings {
    bench::task task{};  // for a process that this program has started
    std::vector<std::string> workloads{};
    std::string folder{};
    int repetitions = 3;
    bool json = false;
};

bench::task in(const bench::store_place& where, bench::task work, const bench::task& wanted)
{
    where.locate(work);
    work.durability = wanted.durability;
    work.spin = wanted.spin;
    return work;
}

void prepare(const bench::store_place& where, const std::vector<bench::task>& tasks, const bench::task& wanted)
{
    for (const auto& one : tasks)
        bench::in_processes({in(where, one, wanted)});
}

void measure(const bench::step& what, const settings& chosen, bench::report& report)
{
    const bench::ground on{.folder = chosen.folder, .database = chosen.task.database};
    std::optional<bench::store_place> kept;
    if (!what.once.empty()) {
        kept.emplace(on);
        prepare(*kept, what.once, chosen.task);
    }
    for (int repetition = 0; repetition < chosen.repetitions; ++repetition) {
        std::optional<bench::store_place> own;
        const auto& where = kept ? *kept : own.emplace(on);
        prepare(where, what.before, chosen.task);
        std::vector<bench::task> tasks;
        for (const auto& one : what.run)
            tasks.push_back(in(where, one, chosen.task));
        auto results = bench::in_processes(tasks);
        report.add(what.workload, what.merge ? what.merge(results) : std::move(results.front()));
    }
}

int measure_all(const settings& chosen)
{
    bench::report report{chosen.task.durability, chosen.json};
    for (const auto& step : bench::plan(chosen.workloads, chosen.task.jobs))
        if (step.looks_at_file && !chosen.task.database.empty())
            fmt::print(stderr, "{} looks at a file and is left out\n", step.workload);
        else
            measure(step, chosen, report);
    return 0;
}

}  // namespace

int main(int argc, char** argv)
{
    cofila::tune_sqlite();
    settings chosen;
    chosen.folder = fs::temp_directory_path().string();

    CLI::App app{"Measures how fast cofila is. docs/performance.md says what each workload does."};
    app.add_option("--workload", chosen.workloads, "Only these, as in W1,W3.c10 (default: all)")->delimiter(',');
    app.add_option("--durability", chosen.task.durability, "full (default) or normal")
        ->transform(CLI::CheckedTransformer(std::map<std::string, cofila::durability>{
            {"full", cofila::durability::full}, {"normal", cofila::durability::normal}
        }));
    app.add_option("--jobs", chosen.task.jobs, "Jobs of a repetition (default: the workload's own number)")
        ->check(CLI::Range(10, 100'000'000) | CLI::Range(0, 0));
    app.add_option("--repetitions", chosen.repetitions)->check(CLI::Range(1, 1000))->capture_default_str();
    app.add_option("--folder", chosen.folder, "Where the databases are made")->capture_default_str();
    std::int64_t spin = chosen.task.spin.count();
    app.add_option("--spin", spin, "engine_options::spin in microseconds")->capture_default_str();
    app.add_flag("--json", chosen.json, "A line of JSON for each repetition instead of a table");
    app.add_option("--database", chosen.task.database, "A PostgreSQL database instead of files, as a URL");
    // The options with which this program starts itself:
    app.add_option("--task", chosen.task.kind)->group("");
    app.add_option("--schema", chosen.task.schema)->group("");
    app.add_option("--concurrency", chosen.task.concurrency)->group("");
    app.add_option("--prefetch", chosen.task.prefetch)->group("");
    app.add_option("--crowd", chosen.task.crowd)->group("");
    app.add_option("--in-bulk", chosen.task.in_bulk)->group("");
    CLI11_PARSE(app, argc, argv);
    chosen.task.spin = std::chrono::microseconds{spin};

    try {
        return chosen.task.kind.empty() ? measure_all(chosen) : bench::run_task(chosen.task);
    } catch (const std::exception& e) {
        fmt::print(stderr, "{}\n", e.what());
        return 1;
    }
}
