#pragma once
#include <cofila/detail/core.hpp>
#include <cofila/environment.hpp>
#include <cofila/repository/job_repository.hpp>

#include <string>
#include <string_view>
#include <vector>

/// What adding and completing jobs in a transaction of the application is about, whatever the database. May run on any
/// thread: of a queue's core only what never changes is used.
namespace cofila::detail {

// New jobs, checked as by `queue::add`.
job_draft make_job(const queue_core& queue, job_spec<std::string> spec);
std::vector<job_draft> make_jobs(const queue_core& queue, std::vector<job_spec<std::string>> specs);
/// With the default options of queues.
job_draft make_job(std::string_view queue, job_spec<std::string> spec, const environment& with);

/// The completion of the job that `handle` runs. Throws `errc::wrong_state` if it runs none.
settlement completion_of(const job_handle& handle, std::string result);
/// Notes a completion that was accepted. Throws for others.
void note_completion(job_handle& handle, settled what);

std::vector<job_id> ids_of(const std::vector<added_row>& rows);

}  // namespace cofila::detail
