#include "postgres/libpq.hpp"

#include <cofila/error.hpp>

#include <dlfcn.h>

#include <string>

namespace cofila::postgres {

namespace {

#ifdef __APPLE__
constexpr const char* file = "libpq.5.dylib";
#else
constexpr const char* file = "libpq.so.5";
#endif

/// It is never unloaded, since threads of its libraries may still run at the end of the program.
void* loaded()
{
    static void* const library = ::dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (library)
        return library;
    const char* const why = ::dlerror();
    throw error{
        errc::invalid_argument,
        "database",
        std::string{"needs libpq, which cannot be loaded (install libpq5): "} + (why ? why : file)
    };
}

}  // namespace

void* address_in_libpq(const char* function)
{
    if (auto* const address = ::dlsym(loaded(), function))
        return address;
    throw error{errc::invalid_argument, "database", std::string{"needs a newer "} + file + ", with " + function};
}

}  // namespace cofila::postgres
