#pragma once
#include <cofila/events.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/signals2/connection.hpp>

#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "display.hpp"
#include "file_job.hpp"
#include "tally.hpp"
#include "walk.hpp"

namespace sample {

/// One run over some files: adds their jobs, follows what becomes of them, and stops the worker when all have an
/// outcome. Lives on the engine's thread; the worker must outlive it.
class digest_run {
public:
    /// `log_file`: where each digest of this process is recorded once it is stored. May be empty.
    digest_run(
        file_queue queue, file_worker& worker, const boost::asio::any_io_executor& loop, const std::string& log_file
    );

    /// Adds a job for each file that the walk finds. The walk itself runs on `walker`.
    boost::asio::awaitable<void> add_files(std::shared_ptr<walk> files, boost::asio::any_io_executor walker);
    boost::asio::awaitable<void> stop_when_done();

    bool done() const { return walked_ && tally_.counts().pending() == 0; }
    bool walked() const { return walked_; }
    std::uint64_t digested_here() const { return digested_here_; }
    const tally& files() const { return tally_; }
    void end_display() { display_.end(tally_.counts()); }

private:
    void listen();
    void on_completed(const cofila::completed_event& event);
    void look_if_done();
    boost::asio::awaitable<void> add(walk_slice found);
    boost::asio::awaitable<void> take_up_again(cofila::job_id id);
    boost::asio::awaitable<void> catch_up();
    boost::asio::awaitable<bool> look_up(cofila::job_id id);
    bool settle(const running_job& job);

    file_queue queue_;
    file_worker& worker_;
    boost::asio::steady_timer look_;  // cancelled to make `stop_when_done` look at once
    std::ofstream log_{};
    tally tally_{};
    display display_{};
    std::uint64_t digested_here_ = 0;
    bool walked_ = false;
    bool closing_ = false;
    std::vector<boost::signals2::scoped_connection> connections_{};  // last: they end first
};

}  // namespace sample
