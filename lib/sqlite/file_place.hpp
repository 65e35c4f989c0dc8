#pragma once
#include <cofila/error.hpp>

#include <string>

#include "sqlite/connection.hpp"

/// Where the file lies: its path, its folder, how it is made and switched to a log.
namespace cofila::sqlite {

/// The path, independent of the working directory and of links: a log stands beside the file that a link leads to.
/// Throws `errc::invalid_argument`, field `database`, if it is no path.
std::string resolved_path(const std::string& path);

error unwritable(const std::string& path);
/// Throws unless `path` is a regular file or nothing yet, in a folder that can be entered: `errc::storage_readonly`.
void check_place(const std::string& path);
/// Whether the file exists and is not empty, by SQLite's own file layer; true if that is unknown.
bool has_content(const std::string& path);
/// Makes the file before SQLite does, for its owner only; SQLite gives its log the same mode. Returns false if the file
/// exists. Here a descriptor may be opened and closed, because no connection of this process can have a file that did
/// not exist, nor get it meanwhile: every opening of a file passes through here first.
bool create_private(const std::string& path);
/// Two processes that switch a new file to WAL at once make each other busy, and SQLite does not wait for that itself.
void switch_to_log(connection& to);

}  // namespace cofila::sqlite
