#pragma once
#include <cofila/error.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "store/backend.hpp"

namespace copying {

/// A store of any kind.
struct store {
    std::unique_ptr<cofila::store::writer> connection{};
    /// The number of a group of a queue.
    std::function<std::int64_t(std::int64_t queue, const std::string& name)> group_number{};
};

/// `database` is as `engine_options::database` has it. Throws as `engine::open`.
store open(const std::string& database, const std::string& schema);

/// Reads one state of a store.
template <class Read>
auto read(store& from, Read what)
{
    auto& connection = *from.connection;
    try {
        connection.open();
        connection.prepare({});
        connection.begin_reading();
        auto out = what(connection.db());
        connection.end_reading();
        return out;
    } catch (...) {
        throw connection.describe().why;
    }
}

/// Does something in a transaction of the store.
template <class Work>
void write(store& to, Work work)
{
    auto& connection = *to.connection;
    try {
        connection.open();
        connection.prepare({});
        connection.begin(true);
        work(connection.db());
        connection.commit();
    } catch (...) {
        const auto why = connection.describe().why;
        connection.roll_back();
        throw why;
    }
}

}  // namespace copying
