// Prints the SQL with which a database's owner prepares it for programs that may not make tables themselves:
//   postgres_sql SCHEMA WORKER ADDER VIEWER | psql -v ON_ERROR_STOP=1 postgresql://owner@db.example/jobs
// The roles must exist. WORKER is for engines, which are opened with `.migrate = false`, and for transactions of an
// application; ADDER adds rows to cofila_inbox; VIEWER looks at the views.
#include <cofila/postgres.hpp>

#include <iostream>
#include <string>

int main(int argc, char** argv)
{
    const auto argument = [&](int at, const char* otherwise) { return std::string{argc > at ? argv[at] : otherwise}; };
    const auto schema = argument(1, "cofila");
    const auto worker = argument(2, "jobs_worker");
    const auto adder = argument(3, "jobs_adder");
    const auto viewer = argument(4, "jobs_viewer");
    try {
        std::cout << cofila::postgres::schema_sql(schema);
    } catch (const cofila::error& e) {
        std::cerr << e.what() << '\n';
        return 1;
    }
    std::cout << "GRANT USAGE ON SCHEMA " << schema << " TO " << worker << ", " << adder << ", " << viewer << ";\n"
              << "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA " << schema << " TO " << worker << ";\n"
              << "GRANT USAGE ON ALL SEQUENCES IN SCHEMA " << schema << " TO " << worker << ";\n"
              << "GRANT INSERT ON " << schema << ".cofila_inbox TO " << adder << ";\n"
              << "GRANT SELECT ON " << schema << ".cofila_v_jobs, " << schema << ".cofila_v_queues TO " << viewer
              << ";\n";
}
