#pragma once
#include <string>
#include <vector>

namespace sample {

struct manifest_line {
    std::string path{};  ///< Bytes.
    std::string sha256{};
};

/// A file that `sha256sum --check` reads: sorted by path, names escaped as coreutils does it. It appears complete or
/// not at all. Throws `std::system_error`.
void write_manifest(const std::string& file, std::vector<manifest_line> lines);

}  // namespace sample
