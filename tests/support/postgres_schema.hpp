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
