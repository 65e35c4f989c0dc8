#include "storage/power_history.hpp"

#include <stdexcept>
#include <utility>

#include "storage/long_life.hpp"

namespace cofila::test {

sqlite::connection_options options_for(const temp_folder& folder, durability how, std::shared_ptr<manual_clock> clock)
{
    auto options = connecting(folder.file("jobs.db"));
    options.durability = how;
    options.clock = std::move(clock);
    return options;
}

power_history live(
    power_disk& disk, const sqlite::connection_options& options, std::shared_ptr<manual_clock> clock, std::uint32_t seed
)
{
    power_history out;
    out.contents.push_back("");
    const auto note = [&] { out.points.push_back({.disk = disk.now(), .answered = out.contents.size() - 1}); };
    disk.on_sync = note;
    {
        long_life life{options, std::move(clock), seed};
        out.contents.front() = life.content();
        for (int i = 0; i < life.steps(); ++i) {
            life.step();
            const auto pause = std::exchange(disk.on_sync, nullptr);
            out.contents.push_back(life.content());
            disk.on_sync = pause;
            note();
        }
    }
    disk.on_sync = nullptr;
    return out;
}

std::string sound_content(const sqlite::connection_options& options)
{
    writing_runner runner{options, false};
    auto content = content_of(runner);
    run_one(
        runner,
        [&](sqlite::session& tx) {
            SQLite::Statement check{tx.link().db(), "PRAGMA integrity_check"};
            check.executeStep();
            if (check.getColumn(0).getString() != "ok")
                throw std::runtime_error{check.getColumn(0).getString()};
        },
        store::operation::kind::observe
    );
    return content;
}

}  // namespace cofila::test
