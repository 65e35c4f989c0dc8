#pragma once
#include <cofila/error.hpp>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>

#include <exception>
#include <string>

namespace cofila::sqlite {

// Errors cross from the database thread to the loop as values.

/// Describes the exception that is being handled, outside of a COMMIT.
error describe_current(const std::string& path);
/// The same of a COMMIT.
error describe_current_commit(const std::string& path);

/// Describes the failure of an ordinary statement: nothing of it was stored.
error describe(const SQLite::Exception& e, const std::string& path);
/// Describes the failure of a COMMIT: it may have been stored all the same.
error describe_commit(const SQLite::Exception& e, const std::string& path);

/// Describes what is no error of SQLite: memory that ran out, or a mistake of ours. Nothing was stored.
error describe_other(const std::exception& e, const std::string& path);
/// Describes the same behind a COMMIT that has begun.
error unknown_outcome(const std::exception& e, const std::string& path);

}  // namespace cofila::sqlite
