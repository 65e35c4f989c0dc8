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

}  // namespace cofila::sqlite
