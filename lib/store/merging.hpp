#pragma once
#include <cstddef>
#include <span>

#include "store/operation.hpp"

/// Adds of single jobs that are done as one operation, so that they share statements.
namespace cofila::store {

/// The operations at the front that each add a plain job to the same queue, if there are enough of them to be merged.
/// Otherwise empty.
std::span<operation_ptr> adds_in_front(std::span<operation_ptr> waiting);

/// Adds the jobs of several operations, all or none. On failure the caller runs them one by one.
class adds_together final : public operation {
public:
    explicit adds_together(std::span<operation_ptr> adds)
        : operation{kind::write, adds.front()->executor()},
          adds_{adds}
    {}

    void run(tables& db) override;
    void answer() override {}

private:
    const std::span<operation_ptr> adds_;
};

}  // namespace cofila::store
