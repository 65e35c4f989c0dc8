#pragma once
#include <cofila/repository/job_repository.hpp>

#include <string>
#include <vector>

#include "sqlite/session.hpp"

/// Registered workers, and the locks that they hold.
namespace cofila::sqlite {

bool register_worker(session& with, const worker_row& worker);
bool forget_worker(session& with, const std::string& id);
std::vector<worker_row> workers(session& with);
std::vector<lock_row> locks(session& with);

}  // namespace cofila::sqlite
