#include <cofila/run_main.hpp>
#include <cofila/sqlite.hpp>

#include <CLI/CLI.hpp>

#include "digest.hpp"
#include "logging.hpp"
#include "tour.hpp"

int main(int argc, char** argv)
{
    cofila::tune_sqlite();
    CLI::App app{"A sample worker of cofila, the durable job queue."};
    app.require_subcommand(1);

    sample::digest_options digest;
    auto* const digesting =
        app.add_subcommand("digest", "Compute the SHA-256 of all files below some paths, one job each");
    digesting->add_option("--database", digest.database, "The SQLite file or PostgreSQL URL that keeps the jobs")
        ->required();
    digesting->add_option("--concurrency", digest.concurrency, "Jobs that are taken at once; they share the processors")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    digesting->add_option("--manifest", digest.manifest, "Write the result here, for sha256sum --check");
    digesting->add_option(
        "--log-digests", digest.log_digests, "Append the job's id here for each file that is digested"
    );
    digesting->add_option("path", digest.paths, "Files and folders")->required();
    digesting->footer(
        "Links are not followed. The database, the manifest and the log are left out.\n"
        "Exit code: 0 all digested, 1 some failed (they are listed) or an error, 3 interrupted before the "
        "end.\n"
        "The same command again goes on where the last one ended, however it ended."
    );

    std::string database;
    auto* const touring = app.add_subcommand("tour", "Some seconds that show what the queue does");
    touring->add_option("--database", database, "The SQLite file that keeps the jobs; default: a temporary one");
    touring->footer("Exit code: 0 if everything was as it has to be, else 1.");

    CLI11_PARSE(app, argc, argv);
    sample::log_to_stderr();
    return *digesting ? cofila::run_main(sample::digest(std::move(digest)))
                      : cofila::run_main(sample::tour(std::move(database)));
}
