#pragma once
#include <cofila/cofila.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "stage.hpp"
#include "support/child_process.hpp"
#include "support/run_coro.hpp"
#include "support/temp_folder.hpp"

namespace cofila::test {

using text_queue = queue<std::string, std::string>;

/// A folder with one file, for processes and for the test itself.
struct site : stage {
    temp_folder folder{};
    const std::string database = folder.file("texts.db");

    std::vector<std::string> as(const std::string& role, const std::vector<std::string>& rest = {}) const override;
    bool is_paused() const override { return ask("SELECT coalesce(max(paused), 0) FROM cofila_queues") != 0; }
    store_contents contents() const override;

    /// Runs a test's coroutine with the file open.
    void with_queue(engine_options options, std::function<boost::asio::awaitable<void>(text_queue)> use) const;
    void with_queue(std::function<boost::asio::awaitable<void>(text_queue)> use) const;

    /// The first value that SQL answers, by a connection that leaves the log alone.
    std::int64_t ask(const std::string& sql) const;
    std::string ask_text(const std::string& sql) const;
    /// Asks until the answer is this one; throws after ten times COFILA_TEST_BOUND seconds (in a long
    /// campaign: a hundred times).
    void wait_for(const std::string& sql, std::int64_t wanted) const;

    /// True: somebody is in the middle of a write transaction.
    bool is_being_written() const;
};

/// Stops it, and returns when it stands still.
void freeze(child_process& who);

}  // namespace cofila::test
