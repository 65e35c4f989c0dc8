#pragma once
#include <cofila/time.hpp>

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Statement.h>

#include <cstdint>
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
class bound_statement {
public:
    template <class... Values>
    explicit bound_statement(SQLite::Statement& statement, const Values&... values) : statement_{statement}
    {
        bind(values...);
    }
    bound_statement(const bound_statement&) = delete;
    bound_statement& operator=(const bound_statement&) = delete;
    ~bound_statement()
    {
        statement_.tryReset();
        statement_.clearBindings();
    }

    /// Binds the next parameters.
    template <class... Values>
    void bind(const Values&... values)
    {
        (put(++bound_, values), ...);
    }

    bool step() { return statement_.executeStep(); }
    /// Runs to the end and returns how many rows were changed.
    int run()
    {
        while (step()) {}
        return statement_.getChanges();
    }

    std::int64_t number(int column) { return statement_.getColumn(column).getInt64(); }
    std::string text(int column)
    {
        // Read as a blob: of a text SQLite would make a copy that ends in a zero.
        const auto value = statement_.getColumn(column);
        const auto* const bytes = static_cast<const char*>(value.getBlob());
        return bytes ? std::string{bytes, static_cast<std::size_t>(value.getBytes())} : std::string{};
    }
    bool is_null(int column) { return statement_.isColumnNull(column); }
    std::optional<time_point> time(int column)
    {
        return is_null(column) ? std::nullopt : std::optional{time_point{milliseconds{number(column)}}};
    }

private:
    void put(int index, std::int64_t value) { statement_.bind(index, value); }
    void put(int index, int value) { statement_.bind(index, value); }
    void put(int index, const std::string& value) { statement_.bindNoCopy(index, value); }
    void put(int index, time_point value) { put(index, value.time_since_epoch().count()); }
    void put(int index, milliseconds value) { put(index, std::int64_t{value.count()}); }
    template <class T>
    void put(int index, const std::optional<T>& value)
    {
        if (value)
            put(index, *value);
        else
            statement_.bind(index);
    }
    void put(int index, const bytes& what)
    {
        if (what.value.empty())
            statement_.bind(index);
        else
            statement_.bindNoCopy(index, what.value.data(), static_cast<int>(what.value.size()));
    }
    void put(int index, const std::string* value)
    {
        if (value)
            put(index, *value);
        else
            statement_.bind(index);
    }

    SQLite::Statement& statement_;
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
    SQLite::Statement& prepared(const char* sql);

    SQLite::Database& db_;
    std::unordered_map<const char*, SQLite::Statement> statements_{};
};

}  // namespace cofila::sqlite
