#pragma once
#include "digest.hpp"
#include "digest_run.hpp"

namespace sample {

/// Prints the summary of a run that has ended, and writes its manifest. Returns the exit code.
int report(const digest_options& options, const digest_run& run, double seconds);

}  // namespace sample
