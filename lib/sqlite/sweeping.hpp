#pragma once
#include <cofila/repository/job_repository.hpp>

#include <optional>

#include "sqlite/session.hpp"

/// What is done from time to time for all queues.
namespace cofila::sqlite {

sweep_answer sweep(session& with, const sweep_request& request);
/// Reads only, without rescues: the answer if nothing is due.
std::optional<sweep_answer> look_for_sweep(session& with, const sweep_request& request);

/// The work of an operation.
struct sweeping {
    sweep_request request{};

    bool looks_first() const { return request.rescues.empty(); }
    std::optional<sweep_answer> look(session& with) const { return look_for_sweep(with, request); }
    sweep_answer operator()(session& with) const { return sweep(with, request); }
};

}  // namespace cofila::sqlite
