#include "sqlite/reader.hpp"

#include <utility>

#include "sqlite/problem.hpp"

namespace cofila::sqlite {

reader::reader(connection_options options) : options_{std::move(options)} {}

void reader::open()
{
    if (!session_)
        session_ = std::make_unique<session>(options_);
}

void reader::prepare(std::chrono::steady_clock::duration waited)
{
    limit_.emplace(session_->link());
    session_->note_wait(waited);
}

void reader::begin_reading()
{
    session_->sql().exec("BEGIN");
    session_->begun_reading();  // a queue may have been forgotten, and made anew under another number
}

void reader::end_reading() noexcept
{
    limit_.reset();
    if (session_)
        session_->end_transaction();
}

store::failure reader::describe() { return {.why = describe_current(options_.path)}; }

void reader::give_way() { connection::sleep(gap_for_others); }

}  // namespace cofila::sqlite
