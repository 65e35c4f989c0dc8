#include "postgres/reader.hpp"

#include <new>
#include <utility>

#include "postgres/problem.hpp"

namespace cofila::postgres {

/// The server notifies between transactions: what is heard here was committed before this one.
void reader::begin_reading()
{
    with_.begin(&session::begin_reading);
    hear();
}

void reader::end_reading() noexcept
{
    if (!with_.is_open())
        return;
    with_.current().end_reading();
    hear();
}

/// A new connection may have missed some.
void reader::hear() noexcept
{
    auto& link = with_.current().link();
    const bool is_new = std::exchange(backend_, link.backend()) != link.backend();
    if (!link.heard_others(mail_->own) && !is_new)
        return;
    ++mail_->heard;
    try {
        mail_->tell();
    } catch (const std::bad_alloc&) {  // the next one tells
    }
}

store::failure reader::describe() { return describe_current(with_.name()); }

}  // namespace cofila::postgres
