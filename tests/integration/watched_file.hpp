#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "integration/sqlite_support.hpp"
#include "sqlite/change_watch.hpp"
#include "support/inline_port.hpp"
#include "support/run_coro.hpp"

namespace cofila::test {

namespace asio = boost::asio;

inline constexpr const char* some_write = "INSERT OR REPLACE INTO cofila_meta VALUES ('touched', random())";

inline asio::awaitable<void> note_answer(asio::awaitable<change_news> wait, std::optional<bool>& answer)
{
    answer = (co_await std::move(wait)).changed;
}

/// Reports a write whenever the test fires one.
class scripted_watch final : public commit_watch {
public:
    explicit scripted_watch(asio::any_io_executor executor) : writes{std::move(executor)} {}
    bool start() override { return true; }
    void stop() override {}
    asio::awaitable<void> written() override { return writes.wait(); }

    event writes;
};

/// Counts what it passes on.
class counting_port final : public store::database_port {
public:
    explicit counting_port(const std::string& path) : inner_{std::make_unique<writing_runner>(connecting(path), false)}
    {}
    void submit(store::operation_ptr op) override
    {
        ++count;
        inner_.submit(std::move(op));
    }
    void stop() override { inner_.stop(); }

    int count = 0;

private:
    inline_port inner_;
};

/// A watch over a new file, and what a test moves it by.
struct watched_file {
    std::string path{};
    std::shared_ptr<manual_clock> clock{};
    std::shared_ptr<counting_port> writer{};
    std::shared_ptr<scripted_watch> watch{};
    std::shared_ptr<sqlite::change_watch> changes{};
};

inline void run_watching(const std::function<asio::awaitable<void>(watched_file&)>& body)
{
    const temp_folder folder;
    const auto clock = std::make_shared<manual_clock>();
    run_coro(clock, [&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        watched_file file{.path = folder.file("jobs.db"), .clock = clock};
        file.writer = std::make_shared<counting_port>(file.path);
        file.watch = std::make_shared<scripted_watch>(executor);
        file.changes = std::make_shared<sqlite::change_watch>(
            sqlite::change_watch::parts{.path = file.path, .writer = file.writer, .clock = clock, .watch = file.watch}
        );
        co_await sqlite::change_watch::start(file.changes);
        co_await body(file);
    });
}

inline asio::awaitable<void> note_news(asio::awaitable<change_news> wait, std::optional<change_news>& out)
{
    out = co_await std::move(wait);
}

}  // namespace cofila::test
