#pragma once
#include <sqlite3.h>

#include "memory_files.hpp"

namespace cofila::sim {

/// The functions through which SQLite uses such a disk: there is one set of them, for one disk at a time.
sqlite3_vfs* file_layer(memory_files* of);

}  // namespace cofila::sim
