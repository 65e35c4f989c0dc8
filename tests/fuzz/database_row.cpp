// Rows that hold anything: see input/damaged_rows.hpp for what must go on all the same.
#include <cstdio>

#include "fuzz/input.hpp"
#include "input/damaged_rows.hpp"
#include "support/all_states.hpp"

using namespace cofila;
using test::cell;

namespace {

cell take_cell(fuzz::reader& from)
{
    switch (from.take<std::uint8_t>() % 5) {
    case 0:
        return std::monostate{};
    case 1:
        return from.take<std::int64_t>();
    case 2:
        return from.take<double>();
    case 3:
        return std::string{from.take_bytes(from.take<std::uint8_t>())};
    default:
        return test::bytes{std::string{from.take_bytes(from.take<std::uint8_t>())}};
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static test::row_damage file;
    fuzz::reader from{data, size};
    const auto state = test::all_states[from.take<std::uint8_t>() % 5];
    const auto places = test::row_damage::places();
    std::vector<test::damage> values;
    while (!from.empty() && values.size() < 6) {
        const auto place = places[from.take<std::uint8_t>() % places.size()];
        values.push_back({.place = place, .value = take_cell(from)});
    }
    try {
        file.check(state, values);
    } catch (const std::exception& e) {
        fuzz::require(false, e.what());
    }
    return 0;
}
