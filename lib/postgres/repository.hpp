#pragma once
#include <cofila/clock.hpp>
#include <cofila/durability.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>

#include "postgres/change_watch.hpp"
#include "postgres/link.hpp"
#include "store/repository.hpp"

namespace cofila::postgres {

struct options {
    std::string target{};  ///< A URL or a conninfo string.
    std::string schema = "cofila";
    cofila::durability durability = cofila::durability::full;
    milliseconds operation_deadline = std::chrono::seconds{30};
    bool migrate = true;
    std::chrono::microseconds spin{};
    std::shared_ptr<cofila::clock> clock{};
    boost::asio::any_io_executor executor{};
};

/// Connects on its database thread, and makes the schema where it is missing. Throws as `engine::open` does.
boost::asio::awaitable<std::shared_ptr<job_repository>> open_repository(options chosen);

/// The repository in a schema of a PostgreSQL database. One `changed_elsewhere` at a time.
class repository final : public store::repository {
public:
    struct parts {
        std::shared_ptr<store::database_port> writer{};
        std::shared_ptr<store::database_port> reader{};
        std::shared_ptr<change_watch> changes{};
        std::string location{};
    };

    explicit repository(parts with)
        : store::repository{{.writer = std::move(with.writer), .reader = std::move(with.reader)}},
          changes_{std::move(with.changes)},
          location_{std::move(with.location)}
    {}

    std::string location() const override { return location_; }
    awaitable<storage_status> tend() override;
    awaitable<change_news> changed_elsewhere(std::function<change_interest()> wanted, milliseconds pause) override;
    awaitable<void> close() override;

private:
    const std::shared_ptr<change_watch> changes_;
    const std::string location_;
};

}  // namespace cofila::postgres
