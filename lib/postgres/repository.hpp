#pragma once
#include <cofila/clock.hpp>
#include <cofila/durability.hpp>
#include <cofila/logger.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <memory>
#include <string>

#include "postgres/change_watch.hpp"
#include "postgres/link.hpp"
#include "store/batch.hpp"
#include "store/repository.hpp"

namespace cofila::postgres {

struct options {
    std::string target{};  ///< A URL or a conninfo string.
    std::string schema = "cofila";
    cofila::durability durability = cofila::durability::full;
    milliseconds operation_deadline = std::chrono::seconds{30};
    bool migrate = true;
    std::size_t batch = store::most_operations;  ///< Of that many operations at most.
    std::chrono::microseconds spin{};
    std::shared_ptr<cofila::clock> clock{};
    std::shared_ptr<server_clock> adjusts{};  ///< The same clock, if the server's is to set it. May be null.
    boost::asio::any_io_executor executor{};
    logger log{};
};

/// Connects on its database thread, and makes the schema where it is missing. Throws as `engine::open` does.
boost::asio::awaitable<std::shared_ptr<job_repository>> open_repository(options chosen);

/// The repository in a schema of a PostgreSQL database. One `changed_elsewhere` at a time.
class repository final : public store::repository {
public:
    /// The schema that holds it. `installed_by` tells it from all others, wherever they are.
    struct place {
        std::string name{};  ///< As `location` has it.
        std::string schema{};
        std::string installed_by{};
    };
    struct parts {
        std::shared_ptr<store::database_port> writer{};
        std::shared_ptr<store::database_port> reader{};
        std::shared_ptr<change_watch> changes{};
        postgres::repository::place place{};
    };

    explicit repository(parts with)
        : store::repository{{.writer = std::move(with.writer), .reader = std::move(with.reader)}},
          changes_{std::move(with.changes)},
          place_{std::move(with.place)}
    {}

    std::string location() const override { return place_.name; }
    const place& where() const noexcept { return place_; }
    awaitable<storage_status> tend() override;
    awaitable<change_news> changed_elsewhere(std::function<change_interest()> wanted, milliseconds pause) override;
    awaitable<void> close() override;

private:
    const std::shared_ptr<change_watch> changes_;
    const place place_;
};

}  // namespace cofila::postgres
