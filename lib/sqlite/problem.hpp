#pragma once
#include <cofila/error.hpp>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>

#include <exception>
#include <string>

namespace cofila::sqlite {

// Errors cross from the database thread to the loop as values.

/// What went wrong with an ordinary statement: nothing of it was stored.
error describe(const SQLite::Exception& e, const std::string& path);
/// What went wrong with a COMMIT: it may have been stored all the same.
error describe_commit(const SQLite::Exception& e, const std::string& path);

/// What no statement and no file can be blamed for: a mistake of ours.
error internal_error(const std::exception& e, const std::string& path);

}  // namespace cofila::sqlite
