#pragma once
#include <algorithm>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app.hpp"
#include "domain/transitions.hpp"
#include "domain/validation.hpp"
#include "recorder.hpp"

namespace cofila::test {

/// A processor whose every job waits at a door of its own, and what it saw.
class ward {
public:
    explicit ward(const app& a) : executor_{a.executor} {}

    processor<int, int> processor_of()
    {
        return [this](job<int, int> job) -> asio::awaitable<int> {
            const auto id = job.id().str();
            started.push_back(id);
            most = std::max(most, ++inside);
            const auto e = co_await error_of(out(id).pass());
            --inside;
            if (e.code)
                throw boost::system::system_error{e.code};
            co_return 42;
        };
    }

    door& out(const std::string& id) { return doors_.try_emplace(id, executor_).first->second; }
    void let_out(std::initializer_list<const char*> ids)
    {
        for (const auto* id : ids)
            out(id).open();
    }
    /// And those that are still to come.
    void let_out_all(int jobs)
    {
        for (int i = 0; i < jobs; ++i)
            out(std::to_string(i)).open();
    }

    lines started{};
    int inside = 0;
    int most = 0;  ///< At once, ever.

private:
    asio::any_io_executor executor_;
    std::map<std::string, door> doors_{};
};

/// Jobs "0", "1" ... that all wait when this returns.
inline asio::awaitable<void> add_numbered(queue<int, int> to, int count)
{
    std::vector<job_spec<int>> jobs;
    for (int i = 0; i < count; ++i)
        jobs.push_back({.name = "x", .data = i, .options = {.id = std::to_string(i)}});
    co_await to.add_bulk(std::move(jobs));
}

/// As another process does it: nobody here is told.
inline asio::awaitable<void> add_elsewhere(app& a, std::string queue, job_id id)
{
    auto options = std::make_shared<const job_options>(domain::resolve({}, {}));
    auto job = domain::new_job(std::move(id), "x", "1", std::move(options), a.clock->wall_now());
    job.queue = std::move(queue);
    std::vector<job_draft> jobs{std::make_shared<job_record>(std::move(job))};
    co_await a.store->inner().add(std::move(jobs));
}

/// An add as a task of its own.
struct adding {
    adding(const app& a, queue<int, int> to, std::string id) : tasks{a.executor}
    {
        tasks.spawn(keep(std::move(to), std::move(id), state), state);
    }

    struct outcome {
        bool ended = false;
        bool duplicate = false;
        thrown_error thrown{};
    };
    std::shared_ptr<outcome> state = std::make_shared<outcome>();
    task_group tasks;

    static asio::awaitable<void> keep(queue<int, int> to, std::string id, std::shared_ptr<outcome> out)
    {
        const auto add = [&]() -> asio::awaitable<void> {
            const auto added = co_await to.add("x", 1, {.id = id});
            out->duplicate = added.duplicate;
        };
        out->thrown = co_await error_of(add());
        out->ended = true;
    }
};

}  // namespace cofila::test
