#include "support/inline_repository.hpp"

#include <utility>

#include "sqlite/repository.hpp"
#include "support/inline_port.hpp"

namespace cofila::test {

boost::asio::awaitable<std::shared_ptr<job_repository>> open_inline(std::string path, std::shared_ptr<clock> time)
{
    sqlite::connection_options connecting{
        .path = path, .durability = durability::normal, .operation_deadline = seconds{30}, .clock = time
    };
    const auto writer = std::make_shared<inline_port>(sqlite::make_runner(connecting));
    const auto changes = std::make_shared<sqlite::change_watch>(
        sqlite::change_watch::parts{.path = path, .writer = writer, .clock = time}
    );
    co_await sqlite::change_watch::start(changes);
    connecting.read_only = true;
    co_return std::make_shared<sqlite::repository>(sqlite::repository::parts{
        .writer = writer,
        .reader = std::make_shared<inline_port>(sqlite::make_runner(connecting)),
        .changes = changes,
        .file = sqlite::store_file{path}
    });
}

}  // namespace cofila::test
