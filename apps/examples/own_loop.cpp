// A program with a loop of its own, such as a game or a window: it gives cofila a moment in each turn.
#include <cofila/cofila.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <iostream>
#include <string>
#include <thread>

namespace asio = boost::asio;

/// What the rest of the program sees. All on one thread.
struct game {
    int frames = 0;
    int saved = 0;
    bool over = false;
    bool failed = false;
};

asio::awaitable<void> save_games(std::string database, game& game)
{
    auto engine = co_await cofila::engine::open({.database = database});
    auto games = engine.queue<int, int>("games");
    const auto save = [](cofila::job<int, int> job) -> asio::awaitable<int> { co_return job.data(); };
    cofila::worker<int, int> worker{games, save};
    games.events().completed.connect([&](const auto&) {
        if (++game.saved == 3)
            worker.stop();
    });
    for (int level = 1; level <= 3; ++level)
        co_await games.add("save", level);
    co_await worker.run();
    co_await engine.close();
}

int main(int argc, char** argv)
{
    if (argc != 2)
        return 2;
    game game;
    asio::io_context context{1};  // one thread runs it: the engine needs no strand
    asio::co_spawn(context, save_games(argv[1], game), [&](std::exception_ptr thrown) {
        game.over = true;
        game.failed = thrown != nullptr;
    });
    while (!game.over) {
        ++game.frames;  // the program's own work
        context.poll();
        std::this_thread::yield();
    }
    context.run();  // the rest, which takes no time
    std::cout << "saved " << game.saved << " games\n";
    return !game.failed && game.saved == 3 ? 0 : 1;
}
