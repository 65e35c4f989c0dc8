// Several statements in one round trip: they are sent at once, and the first error ends them.
#include <utility>

#include "postgres/libpq.hpp"
#include "postgres/link.hpp"

namespace cofila::postgres {

void link::run_all(std::span<const message> all)
{
    ready_to_send();
    auto got = run_in_pipeline(all, true);
    for (std::size_t i = 0; i < got.fine.size(); ++i)
        if (all[i].take)
            all[i].take(std::move(got.fine[i]));
    if (got.failed)
        throw failure(got.failed);
}

/// Waits for the answers to all of them. Between the results of two there is a null.
link::answers link::run_in_pipeline(std::span<const message> all, bool may_hurry)
{
    constexpr int as_text = 0;
    PQenterPipelineMode(link_.get());
    int sent = 1;
    for (const auto& one : all) {
        const auto& values = one.values;
        sent &= one.is_prepared ? PQsendQueryPrepared(
                                      link_.get(),
                                      one.name.c_str(),
                                      values.count(),
                                      values.values(),
                                      values.lengths(),
                                      values.formats(),
                                      as_text
                                  )
                                : PQsendQueryParams(
                                      link_.get(),
                                      one.name.c_str(),
                                      values.count(),
                                      nullptr,
                                      values.values(),
                                      values.lengths(),
                                      values.formats(),
                                      as_text
                                  );
    }
    if (sent == 0 || PQpipelineSync(link_.get()) == 0)
        lose(PQerrorMessage(link_.get()));
    was_warned_ = false;
    begin_waiting(may_hurry);
    flush();
    answers out;
    for (bool ended = false; !ended;) {
        auto next = answer();
        const auto status = next ? PQresultStatus(next.get()) : PGRES_EMPTY_QUERY;
        ended = status == PGRES_PIPELINE_SYNC;
        if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
            out.fine.push_back(std::move(next));
        else if (status == PGRES_FATAL_ERROR && !out.failed)
            out.failed = std::move(next);
        if (is_lost())
            lose(out.failed ? PQresultErrorMessage(out.failed.get()) : PQerrorMessage(link_.get()));
    }
    PQexitPipelineMode(link_.get());
    return out;
}

}  // namespace cofila::postgres
