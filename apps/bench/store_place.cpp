#include "store_place.hpp"

#include <fmt/format.h>
#ifdef COFILA_POSTGRES
#include <libpq-fe.h>
#endif

#include <cstdio>
#include <memory>
#include <random>
#include <system_error>

namespace bench {

namespace {

/// The engine has made the schema, if it was opened at all.
void drop_schema([[maybe_unused]] const std::string& database, [[maybe_unused]] const std::string& name)
{
#ifdef COFILA_POSTGRES
    const std::unique_ptr<PGconn, decltype(&PQfinish)> link{PQconnectdb(database.c_str()), &PQfinish};
    const auto command = "SET client_min_messages = warning; DROP SCHEMA IF EXISTS " + name + " CASCADE";
    const std::unique_ptr<PGresult, decltype(&PQclear)> done{PQexec(link.get(), command.c_str()), &PQclear};
    if (PQresultStatus(done.get()) != PGRES_COMMAND_OK)
        fmt::print(stderr, "the schema {} was left behind\n", name);
#endif
}

}  // namespace

store_place::store_place(const ground& on) : on_{on}, name_{"cofila_bench_" + std::to_string(std::random_device{}())}
{
    if (on_.database.empty())
        std::filesystem::create_directories(on_.folder / name_);
}

store_place::~store_place()
{
    std::error_code ignored;
    if (on_.database.empty())
        std::filesystem::remove_all(on_.folder / name_, ignored);
    else
        drop_schema(on_.database, name_);
}

void store_place::locate(task& work) const
{
    const bool in_files = on_.database.empty();
    work.database = in_files ? (on_.folder / name_ / "bench.db").string() : on_.database;
    work.schema = in_files ? "" : name_;
}

}  // namespace bench
