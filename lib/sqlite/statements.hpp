#pragma once
#include <cofila/time.hpp>

#include <SQLiteCpp/Database.h>
#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cofila::sqlite {

/// Bytes to bind; none stand for NULL.
struct bytes {
    std::string_view value;
};

/// A prepared statement in use: bound, stepped, and reset at the end of its scope. Bound texts must live that long.
/// It calls SQLite itself, since a job needs dozens of bound values and columns.
class bound_statement {
public:
    template <class... Values>
    explicit bound_statement(sqlite3_stmt* statement, const Values&... values) : statement_{statement}
    {
        bind(values...);
    }
    bound_statement(const bound_statement&) = delete;
    bound_statement& operator=(const bound_statement&) = delete;
    ~bound_statement()
    {
        sqlite3_reset(statement_);
        sqlite3_clear_bindings(statement_);
    }

    /// Binds the next parameters.
    template <class... Values>
    void bind(const Values&... values)
    {
        (put(++bound_, values), ...);
    }

    /// Returns false if there is no further row; must not be called again then.
    bool step()
    {
        const int result = sqlite3_step(statement_);
        if (result != SQLITE_ROW && result != SQLITE_DONE)
            fail(result);
        return result == SQLITE_ROW;
    }
    /// Runs to the end and returns how many rows were changed.
    int run()
    {
        while (step()) {}
        return sqlite3_changes(sqlite3_db_handle(statement_));
    }

    std::int64_t number(int column) { return sqlite3_column_int64(statement_, column); }
    std::string text(int column) { return std::string{view(column)}; }
    /// Valid until the next step.
    std::string_view view(int column)
    {
        // Read as a blob: of a text SQLite would make a copy that ends in a zero.
        const auto* const bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
        return bytes ? std::string_view{bytes, size} : std::string_view{};
    }
    bool is_null(int column) { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
    std::optional<time_point> time(int column)
    {
        return is_null(column) ? std::nullopt : std::optional{time_point{milliseconds{number(column)}}};
    }

private:
    [[noreturn]] void fail(int result) const;
    void check(int result) const
    {
        if (result != SQLITE_OK)
            fail(result);
    }

    // A parameter that is not bound is NULL.
    void put(int index, std::int64_t value) { check(sqlite3_bind_int64(statement_, index, value)); }
    void put(int index, int value) { put(index, std::int64_t{value}); }
    void put(int index, const std::string& value)
    {
        check(sqlite3_bind_text(statement_, index, value.data(), static_cast<int>(value.size()), SQLITE_STATIC));
    }
    void put(int index, time_point value) { put(index, value.time_since_epoch().count()); }
    void put(int index, milliseconds value) { put(index, std::int64_t{value.count()}); }
    template <class T>
    void put(int index, const std::optional<T>& value)
    {
        if (value)
            put(index, *value);
    }
    void put(int index, const bytes& what)
    {
        const auto& value = what.value;
        if (!value.empty())
            check(sqlite3_bind_blob(statement_, index, value.data(), static_cast<int>(value.size()), SQLITE_STATIC));
    }
    void put(int index, const std::string* value)
    {
        if (value)
            put(index, *value);
    }

    sqlite3_stmt* const statement_;
    int bound_ = 0;
};

/// The statements of one connection, each prepared once. Their texts must be constants: they are known by address.
class statement_cache {
public:
    explicit statement_cache(SQLite::Database& db) : db_{db} {}

    template <class... Values>
    bound_statement query(const char* sql, const Values&... values)
    {
        return bound_statement{prepared(sql), values...};
    }

    /// Runs to the end and returns how many rows were changed.
    template <class... Values>
    int exec(const char* sql, const Values&... values)
    {
        return query(sql, values...).run();
    }

    /// The text of every statement used so far: a test asks SQLite for their plans.
    std::vector<std::string> texts() const;

private:
    struct finalize {
        void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
    };

    sqlite3_stmt* prepared(const char* sql);

    SQLite::Database& db_;
    std::unordered_map<const char*, std::unique_ptr<sqlite3_stmt, finalize>> statements_{};
};

}  // namespace cofila::sqlite
