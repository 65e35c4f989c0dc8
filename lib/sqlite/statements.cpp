#include "sqlite/statements.hpp"

#include <SQLiteCpp/Exception.h>

namespace cofila::sqlite {

void bound_statement::fail(int result) const { throw SQLite::Exception{sqlite3_db_handle(statement_), result}; }

sqlite3_stmt* statement_cache::prepared(const char* sql)
{
    auto& statement = statements_[sql];
    if (statement)
        return statement.get();
    sqlite3_stmt* made = nullptr;
    const int result = sqlite3_prepare_v3(db_.getHandle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr);
    if (result != SQLITE_OK)
        throw SQLite::Exception{db_.getHandle(), result};
    statement.reset(made);
    return made;
}

std::vector<std::string> statement_cache::texts() const
{
    std::vector<std::string> out;
    for (const auto& [text, statement] : statements_)
        out.emplace_back(text);
    return out;
}

}  // namespace cofila::sqlite
