// What a connection remembers between statements, and when it must forget. A transaction that writes first takes the
// schema's lock, so that it sees what all others have committed and none changes anything beside it: that takes two
// statements, since a statement sees only what was committed when it began. Names and settings of queues are remembered
// while the number `changes` in `meta` is the one we know; a transaction that changes some of them raises it, in the
// same commit, so that a snapshot has either both or neither. Options are interned and never change. After a rollback
// all of that is dropped, since a row that was made in the transaction is gone. Keys and positions are drawn from
// sequences in blocks. Keys that are left stay for later; positions that are left are dropped at the end of the
// transaction, because those of the next one have to lie behind what others give meanwhile. The head's positions are
// the same numbers, negative. The groups whose turns have to be computed anew are only noted; that is done once for
// each before COMMIT, and before a claim.
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
constexpr const char* raise_changes =
    "UPDATE @meta SET value = (value::bigint + 1)::text WHERE key = 'changes' RETURNING value::bigint";

/// Whether many jobs may have the same options: a group, an id or tags would make a text for each job.
bool may_be_shared(const job_options& options) { return !options.group && !options.dedup && options.tags.empty(); }

std::int64_t first_number(result all)
{
    rows row{std::move(all)};
    return row.step() ? row.number(0) : 0;
}

}  // namespace

session::session(const link_options& options)
    : link_{options},
      sql_{link_},
      keys_{sql_, draw_keys},
      positions_{sql_, draw_positions},
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
    const auto number = positions_.next();
    return place == transition::placement::head ? -number : number;
}

void session::begin()
{
    touched_.clear();
    has_changed_ = false;
    const auto& schema = link_.schema();
    // The commit is waited for otherwise: see `link::commit`.
    notice_changes(first_number(link_.run(
        "BEGIN; SET LOCAL synchronous_commit = off; " + lock_command(schema) + "; " + with_schema(changes_query, schema)
    )));
}

void session::begin_reading()
{
    const auto command = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ";
    notice_changes(first_number(link_.run(command + with_schema(changes_query, link_.schema()))));
}

void session::notice_changes(std::int64_t changes)
{
    if (changes_ == changes)
        return;
    forget_all();
    changes_ = changes;
}

void session::commit()
{
    tables_->refresh_turns();
    auto changes = changes_;
    if (has_changed_) {
        auto row = sql_.query(raise_changes);
        changes = row.step() ? std::optional{row.number(0)} : std::nullopt;
    }
    changes_.reset();  // after a commit that fails all is read anew
    link_.commit();
    changes_ = changes;
    positions_.drop();
}

void session::roll_back() noexcept
{
    end();
    forget_all();
    positions_.drop();
}

void session::end_reading() noexcept { end(); }

void session::end() noexcept
{
    try {
        if (link_.needs_rollback())
            link_.run("ROLLBACK");
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
    settings_.erase(queue);
    has_changed_ = true;
}

void session::forget_queue(std::int64_t queue)
{
    std::erase_if(numbers_, [queue](const auto& known) { return known.second == queue; });
    names_.erase(queue);
    forget_settings(queue);
}

const std::string& session::options_text(const std::shared_ptr<const job_options>& options)
{
    if (options != last_options_) {
        last_text_ = domain::options_to_json(*options);
        last_number_.reset();
        last_options_ = options;
    }
    return last_text_;
}

std::optional<std::int64_t> session::options_number(const std::shared_ptr<const job_options>& options)
{
    if (!may_be_shared(*options))
        return {};
    const auto& text = options_text(options);
    if (last_number_)
        return last_number_;
    auto known = sql_.query("SELECT number FROM @options WHERE hash = sha256(convert_to($1, 'UTF8'))", text);
    if (known.step())
        return last_number_ = known.number(0);
    if (!enough_options_) {
        auto made = sql_.query(
            "INSERT INTO @options (text, hash) SELECT $1, sha256(convert_to($1, 'UTF8')) "
            "WHERE (SELECT count(*) FROM @options) < 1000 RETURNING number",
            text
        );
        enough_options_ = !made.step();
        if (!enough_options_)
            last_number_ = made.number(0);
    }
    return last_number_;
}

std::shared_ptr<const job_options> session::options(std::int64_t number)
{
    if (const auto known = shared_options_.find(number); known != shared_options_.end())
        return known->second;
    auto row = sql_.query("SELECT text FROM @options WHERE number = $1::int", number);
    if (!row.step())
        return nullptr;
    return shared_options_[number] = options_cache_.parse(row.text(0));
}

std::int64_t session::group_number(std::int64_t queue, const std::string& name)
{
    auto known = sql_.query("SELECT number FROM @groups WHERE queue = $1::int AND name = $2", queue, name);
    if (known.step())
        return known.number(0);
    auto made = sql_.query("INSERT INTO @groups (queue, name) VALUES ($1::int, $2) RETURNING number", queue, name);
    made.step();
    if (!name.empty() &&
        sql_.exec("UPDATE @queues SET grouped = true WHERE number = $1::int AND NOT grouped", queue) > 0)
        forget_settings(queue);
    return made.number(0);
}

}  // namespace cofila::postgres
