// Plays long random games on a repository and on the reference one: every answer must be the same.
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "contract/contract.hpp"
#include "contract/model_player.hpp"
#include "support/inline_repository.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("model");

namespace {

/// The keys that ids begin with are left out: each repository counts its own.
std::string without_keys(std::string text)
{
    constexpr std::string_view high_half = "00000000-";
    constexpr std::size_t length = std::string_view{"00000000-0000-"}.size();
    for (auto at = text.find(high_half); at != std::string::npos; at = text.find(high_half, at))
        text.erase(at, length);
    return text;
}

asio::awaitable<void> play_game(std::shared_ptr<job_repository> tested, std::uint64_t seed, int steps)
{
    player side{std::move(tested)};
    player reference{memory_repository()};
    dice rolls{seed};
    for (int step = 0; step < steps; ++step) {
        const auto rolled = rolls.roll();
        const auto expected = without_keys(co_await reference.play(rolled));
        const auto answer = without_keys(co_await side.play(rolled));
        REQUIRE_MESSAGE(answer == expected, "seed ", seed, ", step ", step);
        const auto expected_state = without_keys(co_await reference.state());
        const auto state = without_keys(co_await side.state());
        REQUIRE_MESSAGE(state == expected_state, "seed ", seed, ", after step ", step);
        if (step % 25 != 0)
            continue;
        const auto expected_look = without_keys(co_await reference.look());
        const auto look = without_keys(co_await side.look());
        REQUIRE_MESSAGE(look == expected_look, "seed ", seed, ", looking after step ", step);
    }
}

/// Fewer where a sanitizer makes them slow.
std::uint64_t games(std::uint64_t usual)
{
    const char* const said = std::getenv("COFILA_MODEL_GAMES");
    return said ? std::stoull(said) : usual;
}

}  // namespace

TEST_CASE("the repository in a file answers as the reference does")
{
    for (std::uint64_t seed = 1; seed <= games(5); ++seed) {
        const temp_folder folder;
        run_coro([&]() -> asio::awaitable<void> {
            const auto repository = co_await open_inline(folder.file("jobs.db"), std::make_shared<manual_clock>());
            co_await play_game(repository, seed, 2000);
            co_await repository->close();
        });
    }
}

#ifdef COFILA_POSTGRES
TEST_CASE("the repository on PostgreSQL answers as the reference does")
{
    for (std::uint64_t seed = 1; seed <= games(6); ++seed) {
        postgres_backend backend;
        run_coro([&]() -> asio::awaitable<void> {
            const auto repository = co_await backend.open();
            co_await play_game(repository, seed, 100);
            co_await repository->close();
        });
    }
}
#endif

TEST_SUITE_END();
