#include <optional>
#include <utility>

#include "store/batch.hpp"

namespace cofila::store {

/// Calls `work` and returns what it throws as a value.
template <class Work>
std::optional<failure> reading_runner::attempted(Work work)
{
    try {
        work();
        return {};
    } catch (...) {
        return on_->describe();
    }
}

std::size_t reading_runner::run(std::span<operation_ptr> waiting)
{
    auto& what = *waiting.front();
    auto failed = attempted([&] { on_->open(); });
    if (!failed)
        do
            failed = read(what);
        while (failed && failed->may_pass && on_->recover());
    if (failed)
        what.fail(std::move(failed->why));
    return 1;
}

std::optional<failure> reading_runner::read(operation& what)
{
    auto out = attempted([&] {
        on_->prepare({});
        on_->begin_reading();
        what.run(on_->db());
    });
    on_->end_reading();
    return out;
}

}  // namespace cofila::store
