// What a connection remembers between statements, and when it must forget. A transaction that writes first takes the
// schema's lock. Most take it for themselves, so that they see what all others have committed and none changes anything
// beside them. Those that add, end and claim jobs in queues without limits, groups and the like take it together: rows
// that are to be claimed are locked one by one, and what another connection has locked is passed over. Where such a
// transaction meets something that needs the store for itself, it is undone, and runs again alone. Names and settings
// of queues are remembered while the number `changes` in `meta` is the one we know; a transaction that changes some of
// them raises it, alone and in the same commit, so that one that begins later knows of it. It is read behind the lock,
// by another statement, since a statement sees only what was committed when it began. Both go with the first statement
// of the transaction, in one round trip: if the number is another one, everything is undone and runs again. Options are
// interned and never change. After a rollback all of that is dropped, since a row that was made in the transaction is
// gone. Keys and positions are drawn from sequences in blocks. Keys that are left stay for later; positions that are
// left are dropped at the end of the transaction, because those of the next one have to lie behind what others give
// meanwhile. The head's positions are the same numbers, negative. The groups whose turns have to be computed anew are
// only noted; that is done once for each before COMMIT, and before a claim.
#include "postgres/session.hpp"

#include <cofila/error.hpp>

#include <exception>

#include "domain/generated_id.hpp"
#include "postgres/tables.hpp"

namespace cofila::postgres {

namespace {

constexpr const char* draw_keys = "SELECT nextval('@keys') FROM generate_series(1, $1::bigint)";
constexpr const char* draw_positions = "SELECT nextval('@positions') FROM generate_series(1, $1::bigint)";
constexpr std::int64_t largest_block = 256;

constexpr const char* changes_query = "SELECT value::bigint FROM @meta WHERE key = 'changes'";
constexpr const char* take_lock =
    "SELECT pg_advisory_xact_lock(hashtextextended($1, 0)), set_config('synchronous_commit', 'off', true)";
constexpr const char* share_lock = "SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))";
constexpr const char* raise_changes =
    "UPDATE @meta SET value = (value::bigint + 1)::text WHERE key = 'changes' RETURNING value::bigint";

}  // namespace

session::session(const link_options& options)
    : link_{std::make_unique<postgres::link>(options)},
      sql_{*link_},
      receipts_{*link_},
      keys_{sql_, draw_keys},
      positions_{sql_, draw_positions},
      lock_{lock_name(options.schema)},
      tables_{std::make_unique<tables>(*this)}
{}

session::session(guest_run on, std::string schema, bool alone)
    : sql_{std::move(on), std::move(schema)},
      keys_{sql_, draw_keys},
      positions_{sql_, draw_positions},
      alone_{alone},
      tables_{std::make_unique<tables>(*this)}
{}

session& session::of(store::tables& db) { return static_cast<tables&>(db).owner(); }

std::optional<std::int64_t> session::find_queue(const std::string& name)
{
    if (const auto known = numbers_.find(name); known != numbers_.end())
        return known->second;
    auto row = sql_.query("SELECT number FROM @queues WHERE name = $1", name);
    if (!row.step())
        return {};
    return numbers_[name] = row.number(0);
}

std::int64_t session::find_or_make_queue(const std::string& name)
{
    if (const auto known = find_queue(name))
        return *known;
    require_store();
    auto row = sql_.query("INSERT INTO @queues (name) VALUES ($1) RETURNING number", name);
    row.step();
    return numbers_[name] = row.number(0);
}

const std::string& session::queue_name(std::int64_t number)
{
    auto& name = names_[number];
    if (name.empty()) {
        auto row = sql_.query("SELECT name FROM @queues WHERE number = $1::int", number);
        if (row.step())
            name = row.text(0);
    }
    return name;
}

std::int64_t session::supply::next()
{
    if (drawn_.empty()) {
        auto row = sql_.query(draw_, std::min(std::max(usual_, given_), largest_block));
        while (row.step())
            drawn_.push_back(row.number(0));
    }
    const auto out = drawn_.front();
    drawn_.pop_front();
    ++given_;
    return out;
}

void session::supply::drop()
{
    usual_ = std::max(given_, std::int64_t{1});
    given_ = 0;
    drawn_.clear();
}

std::int64_t session::next_key()
{
    const auto key = keys_.next();
    if (key >= domain::most_keys)
        throw error{errc::storage_corrupt, "the keys of the schema are used up; its sequence is damaged"};
    return key;
}

std::int64_t session::next_position(std::int64_t, transition::placement place)
{
    return (place == transition::placement::head ? -1 : 1) * positions_.next();
}

bool session::limits_claims(const std::string& queue) const
{
    const auto number = numbers_.find(queue);
    const auto known = number == numbers_.end() ? settings_.end() : settings_.find(number->second);
    if (known == settings_.end())
        return false;
    const auto& [settings, grouped] = known->second;
    return grouped || settings.concurrency || domain::longest_window(settings);
}

void session::begin(bool alone)
{
    touched_.clear();
    has_changed_ = false;
    writes_before_ = sql_.writes();
    alone_ = alone;
    has_begun_ = false;
    const bool knows = changes_.has_value();
    sql_.later("BEGIN");
    if (!link_->prepares())
        sql_.later_text(link_->settings());
    sql_.later(alone ? take_lock : share_lock, lock_);
    sql_.later_for([this](rows row) { notice_changes(std::move(row)); }, changes_query);
    if (!knows)
        sql_.send();
}

void session::begin_reading()
{
    alone_ = true;
    auto commands = std::string{"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "};
    if (!link_->prepares())
        commands += link_->settings() + "; ";
    rows row{link_->run(commands + with_schema(changes_query, link_->schema()))};
    const auto known = row.step() ? std::optional{row.number(0)} : std::nullopt;
    if (changes_ != known)
        forget_all();
    changes_ = known;
}

/// What has begun on the grounds of what was known is undone.
void session::notice_changes(rows of_meta)
{
    has_begun_ = true;
    const auto known = changes_;
    const auto found = of_meta.step() ? of_meta.number(0) : 0;
    if (known == found)
        return;
    forget_all();
    if (known)
        throw outdated{};
    changes_ = found;
}

std::optional<std::int64_t> session::flush()
{
    tables_->refresh_turns();
    if (!has_changed_)
        return changes_;
    auto row = sql_.query(raise_changes);
    return row.step() ? std::optional{row.number(0)} : std::nullopt;
}

void session::commit()
{
    const auto changes = flush();
    if (!has_begun_)
        sql_.send();
    changes_.reset();  // after a commit that fails all is read anew
    auto last = sql_.take_waiting();
    const bool leaves_receipt = has_written();
    if (leaves_receipt)
        last.push_back({.name = receipts_->leave(), .is_prepared = false});
    link_->commit(std::move(last), alone_ && link_->options().durability == durability::full);
    if (leaves_receipt)
        receipts_->arrived();
    changes_ = changes;
    positions_.drop();
}

void session::roll_back() noexcept
{
    sql_.take_waiting();
    end();
    forget_all();
    positions_.drop();
}

void session::end() noexcept
{
    try {
        if (link_->needs_rollback())
            link_->run("ROLLBACK");
    } catch (const std::exception&) {  // the server ends it when it notices that the connection is gone
    }
}

void session::forget_all()
{
    changes_.reset();
    numbers_.clear();
    names_.clear();
    settings_.clear();
    shared_options_.clear();
    last_number_.reset();
    enough_options_ = false;
}

void session::forget_settings(std::int64_t queue)
{
    require_store();
    settings_.erase(queue);
    has_changed_ = true;
}

void session::forget_queue(std::int64_t queue)
{
    std::erase_if(numbers_, [queue](const auto& known) { return known.second == queue; });
    names_.erase(queue);
    forget_settings(queue);
}

std::int64_t session::group_number(std::int64_t queue, const std::string& name)
{
    require_store();
    auto known = sql_.query("SELECT number FROM @groups WHERE queue = $1::int AND name = $2", queue, name);
    if (known.step())
        return known.number(0);
    auto made = sql_.query("INSERT INTO @groups (queue, name) VALUES ($1::int, $2) RETURNING number", queue, name);
    made.step();
    if (!name.empty() &&
        sql_.query("UPDATE @queues SET grouped = true WHERE number = $1::int AND NOT grouped RETURNING 1", queue)
            .step())
        forget_settings(queue);
    return made.number(0);
}

}  // namespace cofila::postgres
