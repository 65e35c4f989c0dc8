#include "report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "file_name.hpp"
#include "manifest.hpp"

namespace sample {

namespace {

int report_interrupted(const digest_run& run)
{
    fmt::print(
        "interrupted: {} of the files that were found remain{}; the same command goes on. No manifest was written.\n",
        run.files().counts().pending(),
        run.walked() ? "" : ", and some were not found yet"
    );
    return 3;
}

}  // namespace

int report(const digest_options& options, const digest_run& run, double seconds)
{
    const auto& counts = run.files().counts();
    const auto failures = run.files().failures();
    fmt::print(
        "{} files, {} bytes digested; by this run {} files in {:.1f} s, {:.0f} jobs/s; {} failed\n",
        counts.digested,
        counts.bytes_done,
        run.digested_here(),
        seconds,
        static_cast<double>(run.digested_here()) / std::max(seconds, 0.001),
        failures.size()
    );
    for (const auto& [path, reason] : failures)
        fmt::print("failed: {}: {}\n", encode_name(path), reason);
    if (!run.done())
        return report_interrupted(run);
    if (!options.manifest.empty()) {
        write_manifest(options.manifest, run.files().digests());
        fmt::print("manifest: {}\n", encode_name(options.manifest));
    }
    return failures.empty() ? 0 : 1;
}

}  // namespace sample
