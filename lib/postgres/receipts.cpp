// The receipt is a row with the connection's UUID and the transaction's number, which is inserted in the transaction
// itself, in the very message that carries the COMMIT. After a lost connection the new one tries to insert the same
// row. If the old transaction is still open, that waits for its end; if it was committed, the row is there; otherwise
// the row is ours, and the old transaction fails at it, should the server get to it yet. So the result is exact,
// whatever happened in between: a restart, a standby that was promoted, a pooler. PostgreSQL's own number of the
// transaction would not tell, because a server gives it again after a crash; nor would the rows that it wrote, because
// a job may have been taken, completed and removed meanwhile. The previous row is deleted and not updated: an update
// would have to pass all versions of the row that an old snapshot keeps. A new connection removes the rows that other
// connections left a month ago.
#include "postgres/receipts.hpp"

#include "postgres/statements.hpp"

namespace cofila::postgres {

namespace {

constexpr auto receipts_kept_for = std::chrono::hours{24 * 30};

std::string wall_time(const link& on)
{
    return std::to_string(on.options().clock->wall_now().time_since_epoch().count());
}

std::string row_of(const receipt& left, const link& on)
{
    return "('" + left.writer + "', " + std::to_string(left.number) + ", " + wall_time(on) + ")";
}

}  // namespace

std::string receipts::leave()
{
    if (writer_.empty())
        begin();
    const auto number = std::to_string(arrived_ + 1);
    if (link_.prepares())
        return "EXECUTE \"" + writer_ + "\" (" + number + ", " + wall_time(link_) + ")";
    return statement(number, wall_time(link_));
}

std::string receipts::statement(const std::string& number, const std::string& at) const
{
    const auto sql = "WITH before AS (DELETE FROM @receipts WHERE writer = '" + writer_ + "' AND number = " + number +
                     " - 1) INSERT INTO @receipts VALUES ('" + writer_ + "', " + number + ", " + at + ")";
    return with_schema(sql.c_str(), link_.schema());
}

void receipts::begin()
{
    const auto& schema = link_.schema();
    const auto before =
        std::to_string((link_.options().clock->wall_now() - receipts_kept_for).time_since_epoch().count());
    rows row{link_.run(with_schema("DELETE FROM @receipts WHERE at < ", schema) + before + "; SELECT gen_random_uuid()")
    };
    row.step();
    writer_ = row.text(0);
    if (link_.prepares())
        link_.prepare(writer_, statement("$1", "$2"));
}

domain::doubtful_commit ask_for(const receipt& left, link& on)
{
    const auto sql = "WITH ours AS (INSERT INTO @receipts VALUES " + row_of(left, on) +
                     " ON CONFLICT DO NOTHING RETURNING 1) SELECT (SELECT count(*) FROM ours), max(number) "
                     "FROM @receipts WHERE writer = '" +
                     left.writer + "'";
    rows row{on.run(with_schema(sql.c_str(), on.schema()))};
    row.step();
    domain::doubtful_commit out{.number = left.number, .has_receipt = row.number(0) == 0};
    if (!row.is_null(1))
        out.before = row.number(1);
    if (out.has_receipt)
        on.wait_for_disk();
    return out;
}

}  // namespace cofila::postgres
