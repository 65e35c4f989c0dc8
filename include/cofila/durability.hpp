#pragma once
#include <cofila/detail/compiler.hpp>

namespace cofila {

/// What is sure to survive once an operation has returned.
enum class durability {
    normal,  ///< A crash of the process. A power failure may take the last commits; the file is never damaged.
    full,    ///< Power failure too: it is on disk.
};

}  // namespace cofila
