#pragma once
#include <cofila/job_repository.hpp>

#include <memory>

namespace cofila {

/// A repository that keeps its jobs in memory, only as long as the process: for the tests of applications
/// (`engine_options::repository`), and as the executable specification of what every repository does.
///
/// Several engines may share one while they all run on one thread; each sees the others' jobs, but is not told of them
/// (`changed_elsewhere` never completes), so it finds them at its next poll. `close` closes it for all of them.
std::shared_ptr<job_repository> memory_repository();

}  // namespace cofila
