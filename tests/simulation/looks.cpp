#include <algorithm>

#include "audit.hpp"
#include "node.hpp"
#include "probes.hpp"
#include "sqlite/connection.hpp"
#include "world.hpp"

/// What the file holds, against what is known. A commit that was reported as failed stays in doubt: its part of the log
/// may be whole, and then it shows to whoever reads the log anew, unless the next commit has overwritten it.
namespace cofila::sim {

using namespace std::chrono_literals;

/// Through a connection that does not stay: while one does, nobody ever has to read the log anew. Nor does it wait for
/// those who hold the file.
stored_state world::look()
{
    looking_ = true;
    stored_state out;
    {
        const sqlite::connection through{{
            .path = path,
            .operation_deadline = 0ms,
            .clock = std::make_shared<node_clock>(time_line, node_clock::options{}),
            .read_only = true,
        }};
        out = read_state(through.handle());
    }
    looking_ = false;
    if (out.misplaced != 0)
        known.fail("a job's key is not in the table of one state, or a key there is no job's");
    return out;
}

bool world::compare_rows()
{
    was_open_ = was_open_ || std::ranges::any_of(living_, [](const node* one) { return one->is_open(); });
    decide_doubts();
    if (was_open_ && !known.agrees(look()))
        known.fail("the rows are not what was committed");
    return known.broken().empty();
}

void world::committed(const std::vector<ledger::entry>& done, const std::vector<ledger::entry>& unknown, time began)
{
    const auto wrote = [](const ledger::entry& one) { return !one.changes.empty(); };
    known.commit(done, began);
    if (std::ranges::any_of(done, wrote)) {
        reach_if(!doubts_.empty(), probe::ghost_overwritten);
        doubts_.clear();
    }
    if (std::ranges::any_of(unknown, wrote))
        doubt(unknown, began);
}

void world::doubt(const std::vector<ledger::entry>& unknown, time began)
{
    doubts_.push_back({.entries = unknown, .began = began});
    // Where nobody else knows of the log, this look is the first to read it.
    decide_doubts(!disk.is_shared(), probe::ghost_commit);
    forgotten_ = disk.times_forgotten();
}

void world::decide_doubts()
{
    if (!doubts_.empty() && disk.times_forgotten() != forgotten_)
        decide_doubts(true, probe::ghost_came_later);
}

/// Whole or not at all, and one of them at most: each began where the last good commit had ended.
void world::decide_doubts(bool for_good, probe shown_as)
{
    const auto now = look();
    const auto shown = std::find_if(doubts_.rbegin(), doubts_.rend(), [&](const open_doubt& one) {
        return known.agrees(now, one.entries);
    });
    if (shown != doubts_.rend()) {
        known.commit(shown->entries, shown->began, true);
        reach(shown_as);
        doubts_.clear();
    } else if (!known.agrees(now)) {
        known.fail("a commit whose outcome is unknown was stored by half");
    } else if (for_good) {
        reach(probe::unknown_but_undone);
        doubts_.clear();
    }
}

}  // namespace cofila::sim
