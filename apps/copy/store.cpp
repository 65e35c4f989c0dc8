#include "store.hpp"

#include <cofila/clock.hpp>

#include <utility>

#include "domain/database_name.hpp"
#include "postgres/writer.hpp"
#include "sqlite/writer.hpp"

namespace copying {

using namespace cofila;

namespace {

constexpr milliseconds deadline = std::chrono::seconds{60};

template <class Session>
auto groups_of(cofila::store::writer* connection)
{
    return [connection](std::int64_t queue, const std::string& name) {
        return Session::of(connection->db()).group_number(queue, name);
    };
}

}  // namespace

store open(const std::string& database, const std::string& schema)
{
    store out;
    if (domain::is_postgresql(database)) {
        postgres::link_options options{.target = database, .operation_deadline = deadline, .clock = system_clock()};
        if (!schema.empty())
            options.schema = schema;
        auto mail = std::make_shared<postgres::mailbox>();
        out.connection = std::make_unique<postgres::writer>(std::move(options), std::move(mail));
        out.group_number = groups_of<postgres::session>(out.connection.get());
    } else {
        const sqlite::connection_options options{
            .path = database, .operation_deadline = deadline, .clock = system_clock()
        };
        out.connection = std::make_unique<sqlite::writer>(options, true);
        out.group_number = groups_of<sqlite::session>(out.connection.get());
    }
    out.connection->open();
    return out;
}

}  // namespace copying
