#pragma once
#include <cstdint>
#include <functional>
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

/// Runs one statement on a connection that is not ours, with parameters in the form `text`.
using guest_run = std::function<rows(const std::string& sql, const parameters& values)>;

/// The statements of one connection, each prepared when it is first used, unless `link::prepares` says no. Their texts
/// must be constants: they are known by address.
class statements {
public:
    explicit statements(link& on) : link_{&on}, schema_{on.schema()} {}
    /// Each is run at once, and nothing is prepared.
    statements(guest_run on, std::string schema) : run_as_guest_{std::move(on)}, schema_{std::move(schema)} {}

    template <class... Values>
    rows query(const char* sql, const Values&... values)
    {
        return run(sql, parameters{form(), values...});
    }

    /// Returns how many rows were changed.
    template <class... Values>
    int exec(const char* sql, const Values&... values)
    {
        return query(sql, values...).count();
    }

    /// Sends the statement with the next one that is waited for or with the commit, in one round trip. If it fails, so
    /// does that one. Texts among the values must live as long.
    template <class... Values>
    void later(const char* sql, const Values&... values)
    {
        put_off(sql, parameters{form(), values...}, {});
    }
    /// The same; `take` gets the result.
    template <class... Values>
    void later_for(std::function<void(rows)> take, const char* sql, const Values&... values)
    {
        put_off(sql, parameters{form(), values...}, std::move(take));
    }
    /// The same of a text that is no constant, and has no parameters.
    void later_text(std::string sql);
    /// Sends what was put off.
    void send();
    /// Returns it instead.
    std::vector<message> take_waiting() { return std::exchange(waiting_, {}); }
    bool any_waiting() const noexcept { return !waiting_.empty(); }
    /// Grows with each statement that is run or put off.
    std::int64_t count() const noexcept { return count_; }

    /// Grows with each statement that may have changed something.
    std::int64_t writes() const noexcept { return writes_; }

    /// The text of every statement used so far: a test asks the server for their plans.
    std::vector<std::string> texts() const;

private:
    struct statement {
        std::string text{};
        std::string name{};
        bool writes = false;
    };

    parameters::form form() const noexcept { return link_ ? parameters::form::binary : parameters::form::text; }
    rows run(const char* sql, parameters values);
    void put_off(const char* sql, parameters values, std::function<void(rows)> take);
    const statement& find(const char* sql);
    void note(const statement& used) noexcept;

    link* const link_ = nullptr;  // null for a guest
    const guest_run run_as_guest_{};
    const std::string schema_;
    std::unordered_map<const char*, statement> known_{};
    std::int64_t writes_ = 0;
    std::int64_t count_ = 0;
    std::vector<message> waiting_{};
};

}  // namespace cofila::postgres
