#include <doctest/doctest.h>

#include "domain/database_name.hpp"

using namespace cofila;

TEST_SUITE_BEGIN("database_name");

TEST_CASE("a URL of PostgreSQL and a connection string are told from a path")
{
    for (const auto* server :
         {"postgresql://",
          "postgresql://me:secret@host:5433/db?sslmode=require",
          "postgres://host/db",
          "dbname=jobs",
          "host=localhost dbname=jobs",
          "  host = /run/postgresql",
          "service=jobs",
          "hostaddr=::1",
          "user=me"}) {
        INFO(server);
        CHECK(domain::is_postgresql(server));
    }
    for (const auto* path :
         {"",
          "jobs.db",
          "/var/lib/postgresql/jobs.db",
          "postgresql",
          "postgresql:jobs",
          "a=b.db",
          "hosts=1",
          "host",
          "./host=1",
          "POSTGRESQL://host/db",
          "=host",
          "mysql://host/db",
          "localhost dbname=jobs"}) {
        INFO(path);
        CHECK_FALSE(domain::is_postgresql(path));
    }
}

TEST_SUITE_END();
