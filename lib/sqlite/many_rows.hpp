#pragma once
#include <algorithm>
#include <bit>
#include <cstddef>
#include <span>

// An INSERT of many rows shares its fixed cost between them. Each such statement is prepared for 1, 2, 4, 8 and 16
// rows. It should say OR FAIL: then SQLite keeps no copies of pages to undo it alone. A batch in which a statement has
// failed is undone as a whole.
#define COFILA_MANY_ROWS(insert, row, end)                                                                             \
    {{insert row end "",                                                                                               \
      insert COFILA_2(row) end "",                                                                                     \
      insert COFILA_4(row) end "",                                                                                     \
      insert COFILA_8(row) end "",                                                                                     \
      insert COFILA_8(row) "," COFILA_8(row) end ""}}
#define COFILA_2(row) row "," row
#define COFILA_4(row) COFILA_2(row) "," COFILA_2(row)
#define COFILA_8(row) COFILA_4(row) "," COFILA_4(row)

namespace cofila::sqlite {

inline constexpr std::size_t most_rows = 16;

/// The same statement for 1, 2, 4, 8 and 16 rows.
struct many_rows {
    const char* texts[5];

    /// `rows` is one of these numbers.
    const char* operator[](std::size_t rows) const { return texts[std::countr_zero(rows)]; }
};

/// The first rows that one statement takes.
template <class T>
std::span<T> next_rows(std::span<T> rows)
{
    return rows.first(std::min(most_rows, std::bit_floor(rows.size())));
}

}  // namespace cofila::sqlite
