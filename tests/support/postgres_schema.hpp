#pragma once
#include <unistd.h>

#include <string>

#include "postgres/link.hpp"
#include "support/manual_clock.hpp"
#include "support/postgres_cluster.hpp"

namespace cofila::test {

/// The name of a schema that no other test uses; what was made in it is removed at the end of the scope.
class postgres_schema {
public:
    postgres_schema() = default;
    postgres_schema(const postgres_schema&) = delete;
    postgres_schema& operator=(const postgres_schema&) = delete;
    ~postgres_schema() { link().run("DROP SCHEMA IF EXISTS " + name_ + " CASCADE"); }

    const std::string& name() const { return name_; }
    /// Leaves the tables as they were when they were made, in a fraction of the time that making them takes.
    void empty() const
    {
        const auto ours = "relnamespace = to_regnamespace('" + name_ + "')";
        link().run(
            "DO $$ DECLARE one record; BEGIN "
            "FOR one IN SELECT tgname, c.oid::regclass AS home FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid "
            "WHERE NOT tgisinternal AND relkind = 'r' AND " +
            ours +
            " LOOP EXECUTE format('DROP TRIGGER %I ON %s', one.tgname, one.home); END LOOP; "
            "FOR one IN SELECT oid::regclass AS home, relkind FROM pg_class WHERE relname <> 'meta' AND " +
            ours +
            " LOOP IF one.relkind = 'r' THEN EXECUTE format('DELETE FROM %s', one.home); END IF; "
            "IF one.relkind = 'S' THEN PERFORM setval(one.home, 1, false); END IF; END LOOP; END $$"
        );
    }
    /// Of connections that use it.
    postgres::link_options options() const
    {
        return {
            .target = postgres_target(),
            .schema = name_,
            .durability = durability::normal,
            .clock = std::make_shared<manual_clock>()
        };
    }
    /// A new connection to the server.
    static postgres::link link()
    {
        return postgres::link{{.target = postgres_target(), .clock = std::make_shared<manual_clock>()}};
    }

private:
    static std::string next_name()
    {
        static int count = 0;
        return "test_" + std::to_string(::getpid()) + "_" + std::to_string(++count);
    }

    const std::string name_ = next_name();
};

}  // namespace cofila::test
