#pragma once
#include <cofila/detail/compiler.hpp>

namespace cofila {

/// What is sure to survive once an operation has returned.
enum class durability {
    normal,  ///< Survives a crash of the process. A power failure may lose the last commits; the file is never damaged.
    full,    ///< Survives a power failure too: it is on disk.
};

}  // namespace cofila
