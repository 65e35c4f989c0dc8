#pragma once
#include <cofila/job_id.hpp>
#include <cofila/job_state.hpp>
#include <cofila/repository/job_record.hpp>

#include <optional>
#include <vector>

namespace cofila {

/// Something that happened to a job in the store.
struct job_news {
    enum class cause {
        added,         ///< It is new.
        duplicated,    ///< A job with its id was to be added; that one was not stored.
        deduplicated,  ///< A job with its deduplication id was to be added. That one was dropped, or kept for its end.
        replaced,      ///< It was removed for a new job with the same deduplication id.
        due,           ///< Its delay has ended.
        freed,         ///< The job that it was kept for has ended.
        unfit,         ///< It has failed instead of running (again): it is damaged, has expired or was cancelled.
        completed,     ///< Its processor has completed it in a transaction of the application.
        stalled,       ///< Its lock ran out, or its worker died. It waits again, is delayed, or has failed.
        promoted,      ///< A call let it wait before its time.
        retried,       ///< A call let it run again.
        postponed,     ///< A call changed its delay.
        prioritized,   ///< A call changed its priority.
        cancelled,     ///< A call cancelled it. It has failed or, if it is still active, is asked to end.
        removed,       ///< A call removed it.
        cleaned,       ///< It was removed with others: by its retention, or by a call that removes many.
    };

    cause why = cause::due;
    job_snapshot job{};              ///< As it is now or, if it was removed unfinished, as it was.
    std::optional<job_state> was{};  ///< Its state before; unset for a new job.
    bool gone = false;               ///< True if it is not stored any more.
    std::optional<job_id> kept{};    ///< For `deduplicated`: the job that is kept for its end.
};

/// What happened in one transaction, in order, beside the settlements and claims that its answer lists.
using news_list = std::vector<job_news>;

}  // namespace cofila
