#pragma once
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace cofila::test {

/// A new folder, removed with all it holds at the end of the scope.
class temp_folder {
public:
    temp_folder()
    {
        auto name = (std::filesystem::temp_directory_path() / "cofila-test-XXXXXX").string();
        if (!::mkdtemp(name.data()))
            throw std::system_error{errno, std::generic_category(), name};
        path_ = name;
    }
    temp_folder(const temp_folder&) = delete;
    temp_folder& operator=(const temp_folder&) = delete;
    ~temp_folder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    const std::filesystem::path& path() const { return path_; }
    std::string file(const std::string& name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

}  // namespace cofila::test
