#pragma once
#include <sqlite3.h>

#include "integration/sqlite_support.hpp"
#include "store/adding.hpp"

namespace cofila::test {

/// Adds a job to queue "q".
inline test_operation::work adding(std::string id, std::string data = "{}")
{
    return [job = one_job(std::move(id), std::move(data))](sqlite::session& tx) { store::add(tx, job); };
}

inline int count_commit(void* commits)
{
    ++*static_cast<int*>(commits);
    return 0;
}

/// A writing runner on a new file.
struct batch_fixture {
    temp_folder folder{};
    std::string path = folder.file("jobs.db");
    writing_runner runner{connecting(path), false};
    int commits = 0;

    batch_fixture()
    {
        run_one(
            runner,
            [this](sqlite::session& tx) { sqlite3_commit_hook(tx.link().handle(), count_commit, &commits); },
            store::operation::kind::observe
        );
    }

    std::int64_t jobs() const { return ask(path, "SELECT count(*) FROM cofila_jobs"); }
};

}  // namespace cofila::test
