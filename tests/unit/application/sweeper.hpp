#pragma once
#include <algorithm>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "app.hpp"
#include "upkeep/maintenance.hpp"

namespace cofila::test {

inline process_identity process(std::int64_t pid, std::uint64_t pid_namespace = 1)
{
    return {.boot_id = "boot", .pid_namespace = pid_namespace, .pid = pid, .start_time = 7};
}

/// Knows as dead what a test says.
class scripted_processes final : public process_table {
public:
    process_identity self() const override { return process(1); }
    bool is_dead(const process_identity& asked) const override
    {
        ++asked_;
        return std::ranges::find(dead, asked) != dead.end();
    }
    int asked() const { return asked_; }

    std::vector<process_identity> dead{};

private:
    mutable int asked_ = 0;
};

/// The maintenance of one process, swept by hand, over the queues of the app's engine.
struct sweeper {
    explicit sweeper(app& a)
        : ports{new runtime{
              .loop = event_loop::at(a.executor),
              .repository = a.store,
              .time = a.clock,
              .random = a.random,
              .processes = processes,
          }},
          sweeps{
              ports,
              {},
              {.find_queue = [&a](const std::string& name) { return a.engine.queue(name).core(); },
               .failed = [](const std::exception_ptr& error) { std::rethrow_exception(error); }}
          }
    {}

    std::shared_ptr<scripted_processes> processes = std::make_shared<scripted_processes>();
    std::shared_ptr<runtime> ports;
    maintenance sweeps;
};

}  // namespace cofila::test
