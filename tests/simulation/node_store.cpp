// A process and its file.
#include <array>

#include "ask.hpp"
#include "node.hpp"
#include "probes.hpp"
#include "simulated_port.hpp"

namespace cofila::sim {

namespace asio = boost::asio;

std::shared_ptr<simulated_port> node::make_port(bool writes)
{
    const auto& like = around.chosen;
    const sqlite::connection_options connecting{
        .path = around.path,
        .durability = like.full_durability ? durability::full : durability::normal,
        .operation_deadline = std::chrono::duration_cast<milliseconds>(like.operation_deadline),
        .clock = clock_,
        .read_only = !writes,
    };
    return std::make_shared<simulated_port>(
        simulated_port::surroundings{
            .world = around.time_line,
            .chance = chance(),
            .thread = database_,
            .shortest_delay = like.shortest_delay,
            .longest_delay = like.longest_delay,
            .own_clock = clock_,
            .writes = writes,
            .submitted = [this] { expect_on_loop("the engine asks the store"); },
            .before_batch = [this] { before_batch(); },
            .ran_in_vain = [this] { ran_in_vain(); },
            .after_batch = [this](auto done, auto unknown) { after_batch(done, unknown); },
        },
        [connecting] { return sqlite::make_runner(connecting); }
    );
}

void node::before_batch()
{
    file_was_busy_ = around.file_is_busy();
    disk_will_fail_ = false;
    batch_began_ = around.time_line.now();
    around.decide_doubts();
    if (around.peaceful)
        return;
    struct fault {
        call which;
        int result;
    };
    static constexpr std::array<fault, 5> faults{
        {{call::read, SQLITE_IOERR_READ},
         {call::write, SQLITE_IOERR_WRITE},
         {call::write, SQLITE_FULL},
         {call::sync, SQLITE_IOERR_FSYNC},
         {call::committed, SQLITE_IOERR}}
    };
    if (chance().chance(around.chosen.disk_faults)) {
        const auto& what = chance().one_of(faults);
        around.disk.fail(what.which, chance().between(1, 6), what.result);
        disk_will_fail_ = true;
    } else if (chance().chance(around.chosen.ghosts)) {
        const bool synced = !around.chosen.full_durability || chance().chance(500);
        around.disk.fail(synced ? call::committed : call::sync, 1, synced ? SQLITE_IOERR : SQLITE_IOERR_FSYNC);
    }
}

/// A look comes first, and no other process can write between the two.
void node::ran_in_vain()
{
    if (!disk_will_fail_)
        around.known.fail("I27: process " + std::to_string(number) + " took the write lock, and had nothing to write");
}

void node::after_batch(const std::vector<ledger::entry>& done, const std::vector<ledger::entry>& unknown)
{
    if (around.disk.calm())
        around.disk_failed();
    // What a batch does is there for others from its beginning on, however long it then takes.
    around.committed(done, unknown, batch_began_);
    reach_if(file_was_busy_ && !done.empty(), probe::waited_for_file);
    reach_if(must_reopen_ && !done.empty(), probe::reopened);
    must_reopen_ = !unknown.empty() || (must_reopen_ && done.empty());
}

asio::awaitable<bool> node::open_store()
{
    while (!dead_) {
        const auto opened = co_await ask(shared_from_this(), sqlite::change_watch::start(changes_));
        if (opened.value)
            co_return true;
        co_await sleep(before_next_try);
    }
    co_return false;
}

/// The system closes the files of a dead process; nothing is tidied up.
void node::drop_connections()
{
    around.disk.cut_off(true);
    reach_if(writer_ && writer_->cut(), probe::crashed_unanswered);
    if (reader_)
        reader_->cut();
    around.disk.cut_off(false);
}

}  // namespace cofila::sim
