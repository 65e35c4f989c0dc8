#pragma once
#include <boost/asio/awaitable.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "contract/model_draw.hpp"
#include "contract/store.hpp"

namespace cofila::test {

/// One side of a game: two queues of one repository.
class player {
public:
    explicit player(std::shared_ptr<job_repository> repository);

    /// What the step did, as text.
    boost::asio::awaitable<std::string> play(draws d);
    /// All that is stored, as text.
    boost::asio::awaitable<std::string> state();
    /// All that can be asked, beside that: listings, counts, positions, situations.
    boost::asio::awaitable<std::string> look();

private:
    using step = boost::asio::awaitable<std::string>;

    step act(draws d);
    step add(subject q, draws d);
    step add_and_claim(subject q, draws d);
    step settle_and_claim(subject q, draws d);
    step extend(subject q, draws d);
    step write(subject q, draws d);
    step write_without_token(subject q, draws d);
    step change_one(subject q, draws d);
    step change_many(subject q, draws d);
    step change_page(subject q, draws d);
    step sweep(draws d);
    step state_of(subject q);
    step look_at(subject q);

    std::string some_id(const subject& q, std::uint32_t draw) const;
    job_draft some_job(const subject& q, std::uint32_t id, std::uint32_t draw);
    void remember(const std::vector<added_row>& added);
    const job_snapshot* some_claim(const subject& q, std::uint32_t draw) const;
    void remember(const subject& q, const std::vector<job_snapshot>& claimed);
    bool is_first(const subject& q) const { return q.queue() == queues_[0].queue(); }
    boost::asio::awaitable<std::vector<lock_row>> sorted_locks();

    std::array<subject, 2> queues_;
    std::array<std::uint64_t, 2> seen_{};                // the latest event of each that was looked at
    std::array<std::vector<job_snapshot>, 2> claims_{};  // all that each queue ever gave out
    std::uint64_t without_id_ = 0;                       // jobs without a given id so far
    std::vector<std::string> made_ids_{};                // that the repository made, all in the first queue
};

}  // namespace cofila::test
