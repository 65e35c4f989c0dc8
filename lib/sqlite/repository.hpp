#pragma once
#include <cofila/clock.hpp>
#include <cofila/durability.hpp>
#include <cofila/logger.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <memory>
#include <string>

#include "sqlite/change_watch.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/store_file.hpp"
#include "store/batch.hpp"
#include "store/repository.hpp"

namespace cofila::sqlite {

struct options {
    std::string path{};
    cofila::durability durability = cofila::durability::full;
    milliseconds operation_deadline = std::chrono::seconds{30};
    bool embed = false;
    std::chrono::microseconds spin{};
    std::shared_ptr<cofila::clock> clock{};
    boost::asio::any_io_executor executor{};
    std::uint64_t seed = 0;  ///< Of the jitter, so that processes do not all wait alike.
    logger log{};
};

/// Opens or creates the file on its database thread. Throws as `engine::open` does.
boost::asio::awaitable<std::shared_ptr<job_repository>> open_repository(options chosen);

/// What carries operations out on the file, reads only or all. `embed` is as in `options`.
std::unique_ptr<store::batch_runner> make_runner(const connection_options& options, bool embed = false);

/// The repository over a SQLite file. One `changed_elsewhere` at a time.
class repository final : public store::repository {
public:
    struct parts {
        std::shared_ptr<store::database_port> writer{};
        std::shared_ptr<store::database_port> reader{};
        std::shared_ptr<change_watch> changes{};
        store_file file;
    };

    explicit repository(parts with)
        : store::repository{{.writer = std::move(with.writer), .reader = std::move(with.reader)}},
          changes_{std::move(with.changes)},
          file_{std::move(with.file)}
    {}

    std::string location() const override { return file_.path(); }
    awaitable<storage_status> tend() override;
    awaitable<change_news> changed_elsewhere(std::function<change_interest()> wanted, milliseconds pause) override;
    awaitable<void> close() override;

private:
    const std::shared_ptr<change_watch> changes_;
    const store_file file_;
};

}  // namespace cofila::sqlite
