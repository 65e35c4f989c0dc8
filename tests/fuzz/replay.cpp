// Feeds files and folders of files to a target, where there is no libFuzzer. Options are libFuzzer's.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/input.hpp"

namespace fs = std::filesystem;

namespace {

void replay(const fs::path& path)
{
    std::ifstream file{path, std::ios::binary};
    const std::string held{std::istreambuf_iterator<char>{file}, {}};
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(held.data()), held.size());
}

}  // namespace

int main(int argc, char** argv)
{
    int inputs = 0;
    for (const fs::path path : std::vector<std::string>(argv + 1, argv + argc)) {
        if (path.native().starts_with('-'))
            continue;
        if (!fs::is_directory(path)) {
            replay(path);
            ++inputs;
            continue;
        }
        for (const auto& entry : fs::directory_iterator{path}) {
            replay(entry.path());
            ++inputs;
        }
    }
    std::printf("%d inputs replayed\n", inputs);
    return inputs > 0 ? 0 : 1;
}
