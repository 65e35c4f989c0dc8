#pragma once
#include <cofila/repository/job_repository.hpp>

#include <memory>

namespace cofila {

/// Returns a repository that keeps its jobs in memory, for the lifetime of the process only. It is meant for the tests
/// of applications (`engine_options::repository`), and it is the executable specification of what every repository
/// does.
///
/// Several engines may share one repository if they all run on one thread. Each sees the others' jobs but is not
/// notified of them (`changed_elsewhere` never completes), so it finds them at its next poll. `close` closes the
/// repository for all of them.
std::shared_ptr<job_repository> memory_repository();

}  // namespace cofila
