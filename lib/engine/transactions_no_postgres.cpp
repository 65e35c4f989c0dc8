#include <cofila/error.hpp>
#include <cofila/postgres.hpp>

/// cofila/postgres.hpp where the library was built without libpq.
namespace cofila {

namespace {

[[noreturn]] void refuse()
{
    throw error{
        errc::invalid_argument,
        "db",
        "is PostgreSQL, for which this library was built without support: install libpq-dev and build it anew"
    };
}

}  // namespace

namespace postgres {

std::string schema_sql(const std::string&) { refuse(); }

}  // namespace postgres

job_id
enqueue(const postgres::transaction&, std::string_view, std::string, const boost::json::value&, job_options, const environment&)
{
    refuse();
}

namespace detail {

job_id enqueue(const postgres::transaction&, const queue_ptr&, job_spec<std::string>) { refuse(); }

std::vector<job_id> enqueue_bulk(const postgres::transaction&, const queue_ptr&, std::vector<job_spec<std::string>>)
{
    refuse();
}

void complete_in(const postgres::transaction&, const job_ptr&, std::string) { refuse(); }

}  // namespace detail
}  // namespace cofila
