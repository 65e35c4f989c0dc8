// The cursors of pages: they come back from a client, who may have made them up.
#include "memory/cursor.hpp"

#include <cofila/queue_types.hpp>

#include "domain/listing.hpp"
#include "fuzz/input.hpp"
#include "integration/sqlite_support.hpp"
#include "store/adding.hpp"
#include "store/reading.hpp"

using namespace cofila;

namespace {

constexpr job_state states[] = {
    job_state::waiting,
    job_state::delayed,
    job_state::active,
    job_state::waiting_children,
    job_state::completed,
    job_state::failed
};

/// Of the new job with the id ?1 into the state ?2. There is no table for jobs that wait for children.
constexpr const char* moves[] = {
    "UPDATE cofila_jobs SET run_at = 5 WHERE id = ?1 AND ?2 = 1",
    "INSERT INTO cofila_delayed SELECT queue, run_at, position, key, priority, NULL, 0, NULL FROM cofila_jobs "
    "WHERE id = ?1 AND ?2 = 1",
    "INSERT INTO cofila_active SELECT queue, key, zeroblob(16), 5, 0, 5, 1, NULL, NULL, NULL FROM cofila_jobs "
    "WHERE id = ?1 AND ?2 = 2",
    "INSERT INTO cofila_finished SELECT key, queue, ?2, 5, 2, 5, 1, 1, 0, 0, NULL, NULL, NULL, NULL, '', '' "
    "FROM cofila_jobs WHERE id = ?1 AND ?2 > 3",
    "DELETE FROM cofila_waiting WHERE key = (SELECT key FROM cofila_jobs WHERE id = ?1) AND ?2 IN (1, 2, 4, 5)",
};

struct file {
    test::temp_folder folder{};
    test::writing_runner runner{test::connecting(folder.file("jobs.db")), false};
    sqlite::session with{test::connecting(make())};

    std::string make()
    {
        for (const auto state : states)
            test::run_one(runner, [&](sqlite::session& tx) {
                const auto id = std::string{to_string(state)};
                store::add(tx, test::one_job(id));
                for (const auto* sql : moves)
                    tx.sql().exec(sql, id, static_cast<int>(state));
            });
        return folder.file("jobs.db");
    }
};

/// A page, or the error that names the cursor.
template <class Work>
void page_or_refusal(Work work)
{
    try {
        work();
    } catch (const error& e) {
        fuzz::require(e.code() == errc::invalid_argument && e.field() == "after", "a cursor that is none is named");
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static file stored;
    const std::string cursor{fuzz::text_of(data, size)};
    const page_request request{.after = cursor, .limit = 2};
    page_or_refusal([&] { store::list(stored.with, "q", {}, request); });
    page_or_refusal([&] { store::logs(stored.with, "q", "waiting", request); });
    page_or_refusal([&] { memory::id_from(cursor); });
    page_or_refusal([&] { memory::log_number_from(cursor); });
    page_or_refusal([&] { memory::queue_from(cursor); });
    for (const auto state : states) {
        page_or_refusal([&] { store::list(stored.with, "q", {.state = state}, request); });
        for (const bool newest_first : {false, true})
            for (const auto& listing : domain::listings_of(state, newest_first))
                page_or_refusal([&] {
                    const auto at = memory::place_from(listing.letter, cursor);
                    const auto back = memory::place_from(listing.letter, memory::to_cursor(listing.letter, at));
                    fuzz::require(back == at, "the way back is the same");
                });
    }
    return 0;
}
