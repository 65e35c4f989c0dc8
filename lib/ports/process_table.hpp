#pragma once
#include <cofila/repository/job_repository.hpp>

#include <memory>

namespace cofila {

/// Knows the processes of this machine.
class process_table {
public:
    virtual ~process_table() = default;
    virtual process_identity self() const = 0;
    /// True only if that is certain: same boot, same PID namespace, and the process is gone (or another one has its
    /// pid).
    virtual bool is_dead(const process_identity& process) const = 0;
};

std::shared_ptr<process_table> system_process_table();

}  // namespace cofila
