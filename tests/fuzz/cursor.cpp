// The cursors of pages: they come back from a client, who may have made them up.
#include "memory/cursor.hpp"

#include <cofila/queue_types.hpp>

#include "domain/listing.hpp"
#include "fuzz/input.hpp"
#include "integration/sqlite_support.hpp"
#include "sqlite/adding.hpp"
#include "sqlite/queries.hpp"

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

struct file {
    test::temp_folder folder{};
    sqlite::writing_runner runner{test::connecting(folder.file("jobs.db")), false};
    sqlite::session with{test::connecting(make())};

    std::string make()
    {
        for (const auto state : states)
            test::run_one(runner, [&](sqlite::session& in) {
                const auto id = std::string{to_string(state)};
                sqlite::add(in, test::one_job(id));
                in.sql().exec(
                    "UPDATE cofila_jobs SET state = ?2, run_at = 5, finished_at = 5, locked_until = 5 WHERE id = ?1",
                    id,
                    static_cast<int>(state)
                );
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
    page_or_refusal([&] { sqlite::list(stored.with, "q", {}, request); });
    page_or_refusal([&] { sqlite::logs(stored.with, "q", "waiting", request); });
    page_or_refusal([&] { memory::id_from(cursor); });
    page_or_refusal([&] { memory::log_number_from(cursor); });
    page_or_refusal([&] { memory::queue_from(cursor); });
    for (const auto state : states) {
        page_or_refusal([&] { sqlite::list(stored.with, "q", {.state = state}, request); });
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
