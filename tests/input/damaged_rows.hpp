#pragma once
#include <cofila/job_state.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sqlite/session.hpp"
#include "support/temp_folder.hpp"

namespace cofila::test {

struct bytes {
    std::string held{};
};
/// What a column may hold where nobody checks: nothing, a number, text, or bytes.
using cell = std::variant<std::monostate, std::int64_t, double, std::string, bytes>;

struct damage {
    std::string_view place{};  ///< One of `row_damage::places()`.
    cell value{};
};

/// A file whose tables take anything, as a damaged disk or a program of somebody else may leave them, and one job in
/// it whose rows get that treatment.
class row_damage {
public:
    row_damage();

    /// The columns, as in "cofila_jobs.priority".
    static std::span<const std::string_view> places();

    /// Puts the values into the rows of a job that was in this state, then does with the file what queues, workers and
    /// the maintenance do. Throws where a promise is broken: every other job is listed, claimed and swept as ever, and
    /// the damaged one is run only if what it holds makes sense. Leaves the file as it was.
    void check(job_state state, std::span<const damage> values);

private:
    void damage_rows(std::span<const damage> values);
    void read_everything();
    void sweep_everything();
    /// An active one, with a row for the key that is locked.
    bool is_job(std::int64_t key) const;
    void claim_everything();
    void change_everything();

    temp_folder folder_{};
    std::unique_ptr<sqlite::session> with_;
};

}  // namespace cofila::test
