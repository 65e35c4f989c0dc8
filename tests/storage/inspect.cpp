#include "storage/inspect.hpp"

#include <utility>

#include "store/changing.hpp"
#include "store/reading.hpp"
#include "support/job_rows.hpp"

namespace cofila::test {

namespace {

constexpr const char* queue = "q";

std::optional<logged_job> read_job(sqlite::session& tx, const job_id& id)
{
    auto job = store::get(tx, queue, id);
    if (!job)
        return {};
    std::optional<logged_job> out{std::in_place};
    static_cast<job_record&>(*out) = std::move(*job);
    for (const auto& line : store::logs(tx, queue, id, {}).items)
        out->logs += line.text + '\n';
    return out;
}

std::map<std::string, std::string> read_others(sqlite::session& tx)
{
    std::string workers;
    for (const auto& worker : tables_of(tx).workers())
        workers += worker.id;
    return {{"pause", store::is_paused(tx, queue) ? "1" : "0"}, {"workers", workers}};
}

}  // namespace

findings inspect(const sqlite::connection_options& options, const ledger& told)
{
    findings out;
    try {
        store_content found;
        std::int64_t count = 0;
        std::int64_t misplaced = 0;
        std::string integrity;
        writing_runner runner{options, false};
        run_one(
            runner,
            [&](sqlite::session& tx) {
                for (const auto& id : told.ids())
                    if ((found.jobs[id] = read_job(tx, job_id{id})))
                        ++count;
                found.others = read_others(tx);
                count -= ask(tx.link().db(), "SELECT count(*) FROM cofila_jobs");
                misplaced = ask(tx.link().db(), jobs_out_of_place());
                SQLite::Statement check{tx.link().db(), "PRAGMA integrity_check"};
                check.executeStep();
                integrity = check.getColumn(0).getString();
            },
            store::operation::kind::observe
        );
        out = told.compare(found);
        if (count != 0) {
            ++out.unexpected;
            out.text += "jobs that nobody added\n";
        }
        if (misplaced != 0) {
            ++out.corrupt;
            out.text += "jobs or keys that are not in the table of one state\n";
        }
        if (integrity != "ok") {
            ++out.corrupt;
            out.text += integrity + "\n";
        }
    } catch (const std::exception& e) {
        ++out.corrupt;
        out.text += e.what();
    }
    return out;
}

}  // namespace cofila::test
