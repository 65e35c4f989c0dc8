#pragma once
#include <filesystem>
#include <string>

#include "task.hpp"

namespace bench {

/// Where the stores of a benchmark are made.
struct ground {
    std::filesystem::path folder{};  ///< For files.
    std::string database{};          ///< A PostgreSQL database instead: a URL or a connection string.
};

/// A store that no other has used: a file in a new folder, or a new schema. It is removed at the end of the scope.
class store_place {
public:
    explicit store_place(const ground& on);
    store_place(const store_place&) = delete;
    store_place& operator=(const store_place&) = delete;
    ~store_place();

    /// Has the task use this store.
    void locate(task& work) const;

private:
    const ground on_;
    const std::string name_;
};

}  // namespace bench
