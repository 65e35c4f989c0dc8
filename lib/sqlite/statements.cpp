#include "sqlite/statements.hpp"

#include <SQLiteCpp/Database.h>

namespace cofila::sqlite {

SQLite::Statement& statement_cache::prepared(const char* sql)
{
    const auto known = statements_.find(sql);
    if (known != statements_.end())
        return known->second;
    return statements_.emplace(std::piecewise_construct, std::forward_as_tuple(sql), std::forward_as_tuple(db_, sql))
        .first->second;
}

std::vector<std::string> statement_cache::texts() const
{
    std::vector<std::string> out;
    for (const auto& [text, statement] : statements_)
        out.emplace_back(text);
    return out;
}

}  // namespace cofila::sqlite
