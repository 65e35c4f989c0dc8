#pragma once
#include <memory>

#include "sqlite/reader.hpp"
#include "sqlite/writer.hpp"
#include "store/batch.hpp"

namespace cofila::test {

/// Does what is written to a SQLite file, on the caller's thread.
class writing_runner final : public store::writing_runner {
public:
    writing_runner(const sqlite::connection_options& options, bool embed)
        : store::writing_runner{std::make_unique<sqlite::writer>(options, embed), options.clock}
    {}
};

/// Reads one.
class reading_runner final : public store::reading_runner {
public:
    explicit reading_runner(const sqlite::connection_options& options)
        : store::reading_runner{std::make_unique<sqlite::reader>(options)}
    {}
};

/// What operations work with.
inline store::tables& tables_of(sqlite::session& tx) { return tx; }

}  // namespace cofila::test
