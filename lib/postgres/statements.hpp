#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "postgres/link.hpp"
#include "postgres/parameters.hpp"

namespace cofila::postgres {

/// Rows of a result, read from the first on.
class rows {
public:
    explicit rows(result all) : all_{std::move(all)} {}

    /// Goes to the next row. Returns false behind the last one.
    bool step();
    /// A number, or a boolean as 0 or 1; 0 for NULL.
    std::int64_t number(int column) const;
    std::string text(int column) const;   ///< "" for NULL.
    std::string bytes(int column) const;  ///< Of a bytea; "" for NULL.
    bool is_null(int column) const;
    std::optional<time_point> time(int column) const;
    /// Rows of the result or, where it has none, rows that were changed.
    int count() const;

private:
    result all_;
    int row_ = -1;
};

/// Returns the text of a statement with `"schema"."name"` for each `@name`.
std::string with_schema(const char* sql, const std::string& schema);

/// The statements of one connection, each prepared when it is first used. Their texts must be constants: they are known
/// by address.
class statements {
public:
    explicit statements(link& on) : link_{on} {}

    template <class... Values>
    rows query(const char* sql, const Values&... values)
    {
        return run(sql, parameters{values...});
    }

    /// Returns how many rows were changed.
    template <class... Values>
    int exec(const char* sql, const Values&... values)
    {
        return query(sql, values...).count();
    }

    /// Grows with each statement that may have changed something.
    std::int64_t writes() const noexcept { return writes_; }

    /// The text of every statement used so far: a test asks the server for their plans.
    std::vector<std::string> texts() const;

private:
    struct prepared {
        std::string name{};
        bool writes = false;
    };

    rows run(const char* sql, const parameters& values);
    const prepared& find(const char* sql);

    link& link_;
    std::unordered_map<const char*, prepared> known_{};
    std::int64_t writes_ = 0;
};

}  // namespace cofila::postgres
