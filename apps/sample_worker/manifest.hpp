#pragma once
#include <string>
#include <vector>

namespace sample {

struct manifest_line {
    std::string path{};  ///< As bytes.
    std::string sha256{};
};

/// The line as `sha256sum` writes it, with its line break.
std::string to_text(const manifest_line& line);

/// Where `write_manifest` writes until the file is complete.
std::string unfinished_manifest(const std::string& file);

/// A file that `sha256sum --check` reads, byte for byte as `sha256sum` would have written it, sorted by path. It
/// appears complete or not at all, and is on the disk when this returns. Throws `std::system_error`.
void write_manifest(const std::string& file, std::vector<manifest_line> lines);

}  // namespace sample
