#include "sqlite/batch.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <utility>

#include "sqlite/schema.hpp"

namespace cofila::sqlite {

namespace {

/// A batch ends here, so that nobody waits long for an answer, nor others for the file.
constexpr std::size_t most_operations = 1000;
constexpr milliseconds longest_batch{10};
/// The log is copied into the file when it is longer than this.
constexpr int most_log_frames = 4000;

bool waits(const operation_ptr& what) { return !what->has_failed(); }

void fail_all(std::span<operation_ptr> batch, const error& why)
{
    for (const auto& what : batch)
        if (waits(what))
            what->fail(why);
}

/// Puts the operations of a kind before all others, which keep their order, and says how many there are.
std::size_t bring_forward(std::span<operation_ptr> batch, operation::kind kind)
{
    auto front = batch.begin();
    for (auto what = batch.begin(); what != batch.end(); ++what)
        if ((*what)->what() == kind)
            std::rotate(front++, what, what + 1);
    return static_cast<std::size_t>(front - batch.begin());
}

/// Calls `work` and turns what it throws into a value.
template <class Work>
std::optional<error> attempted(const std::string& path, Work work)
{
    try {
        work();
        return {};
    } catch (const SQLite::Exception& e) {
        return describe(e, path);
    } catch (const error& e) {
        return e;
    } catch (const std::exception& e) {
        return error{errc::storage_corrupt, "'" + path + "': " + e.what()};
    }
}

}  // namespace

writing_runner::writing_runner(connection_options options, bool embed) : options_{std::move(options)}, embed_{embed} {}

std::size_t writing_runner::run(std::span<operation_ptr> waiting)
{
    const auto taken = waiting.first(std::min(waiting.size(), most_operations));
    if (!open(taken))
        return taken.size();
    const auto shorten = bring_forward(taken, operation::kind::shorten_log);
    const auto observed = shorten + bring_forward(taken.subspan(shorten), operation::kind::observe);
    for (const auto& what : taken.first(observed))
        if (auto failed = attempted(options_.path, [&] { what->run(*session_); }))
            what->fail(std::move(*failed));
    auto writes = taken.subspan(observed);
    bring_forward(writes, operation::kind::renewal);
    // Once more without the operation at which SQLite rolled everything back: the others are values and can be
    // repeated.
    while (std::ranges::any_of(writes, waits) && begin(writes)) {
        std::size_t done = 0;
        session_->begun();
        if (run_all(writes, done)) {
            writes = writes.first(done);
            commit(writes);
            break;
        }
        session_->forget_names();
    }
    if (session_ && (new_frames() > most_log_frames || (shorten > 0 && !log_is_copied_)))
        checkpoint();
    return observed + writes.size();
}

bool writing_runner::open(batch waiting)
{
    if (session_)
        return true;
    auto failed = attempted(options_.path, [&] {
        check_file(options_, embed_);
        auto opened = std::make_unique<session>(options_);
        migrate(opened->link(), embed_);
        checkpointer_ = std::make_unique<connection>(options_);
        session_ = std::move(opened);
        copied_frames_ = 0;
    });
    if (failed)
        fail_all(waiting, *failed);
    return !failed;
}

bool writing_runner::begin(batch waiting)
{
    session_->link().restart_deadline();
    const auto failed = attempted(options_.path, [&] { session_->sql().exec("BEGIN IMMEDIATE"); });
    if (failed)
        fail_all(waiting, *failed);
    return !failed;
}

/// False: the transaction was rolled back, with everything that others had done in it.
bool writing_runner::run_one(operation& what)
{
    const bool savepoint = what.what() != operation::kind::single;
    auto& sql = session_->sql();
    auto failed = attempted(options_.path, [&] {
        if (savepoint)
            sql.exec("SAVEPOINT one");
        what.run(*session_);
        if (savepoint)
            sql.exec("RELEASE one");
    });
    if (!failed)
        return true;
    what.fail(std::move(*failed));
    session_->forget_names();
    auto& link = session_->link();
    // A single statement that failed has undone itself, or all. It may also have been the savepoint's own that failed.
    if (savepoint && link.in_transaction() && link.db().tryExec("ROLLBACK TO one; RELEASE one") != SQLITE_OK)
        link.db().tryExec("ROLLBACK");
    return link.in_transaction();
}

bool writing_runner::run_all(batch waiting, std::size_t& done)
{
    const auto start = options_.clock->steady_now();
    for (done = 0; done < waiting.size();) {
        const auto& what = waiting[done++];
        if (waits(what) && !run_one(*what))
            return false;
        if (options_.clock->steady_now() - start > longest_batch)
            break;
    }
    return true;
}

void writing_runner::commit(batch waiting)
{
    try {
        session_->flush();
        session_->sql().exec("COMMIT");
        session_->committed();
        return;
    } catch (const SQLite::Exception& e) {
        fail_all(waiting, describe_commit(e, options_.path));
    }
    // What the file holds now is known only to a new connection.
    close_session();
}

void writing_runner::close_session()
{
    if (session_->link().in_transaction())
        session_->link().db().tryExec("ROLLBACK");
    checkpointer_.reset();
    session_.reset();
}

writing_runner::~writing_runner()
{
    if (session_ && new_frames() > 0)
        checkpoint();
}

/// Since the log was copied into the file.
int writing_runner::new_frames()
{
    const int frames = session_->link().log_frames();
    if (frames < copied_frames_)
        copied_frames_ = 0;  // the log has begun anew
    log_is_copied_ = log_is_copied_ && frames == copied_frames_;
    return frames - copied_frames_;
}

/// While this thread holds the write lock nobody can commit, and a commit that races a checkpoint is what SQLite before
/// 3.51.3 may damage the file by.
void writing_runner::checkpoint()
{
    auto& link = session_->link();
    link.give_up_waiting_after(milliseconds{100});
    if (attempted(options_.path, [&] { session_->sql().exec("BEGIN IMMEDIATE"); }))
        return;  // busy: the next batch tries again
    int frames = 0;
    int copied = 0;
    auto* const other = checkpointer_->handle();
    const int result = sqlite3_wal_checkpoint_v2(other, nullptr, SQLITE_CHECKPOINT_PASSIVE, &frames, &copied);
    link.db().tryExec("ROLLBACK");
    // What a slow reader still needs stays: not tried again with every batch, but when as much has come on top.
    copied_frames_ = link.log_frames();
    log_is_copied_ = result == SQLITE_OK && copied == frames;
}

reading_runner::reading_runner(connection_options options) : options_{std::move(options)} {}

std::size_t reading_runner::run(std::span<operation_ptr> waiting)
{
    const auto& what = waiting.front();
    auto failed = attempted(options_.path, [&] {
        if (!session_)
            session_ = std::make_unique<session>(options_);
        session_->link().restart_deadline();
        session_->sql().exec("BEGIN");
        what->run(*session_);
        session_->sql().exec("COMMIT");
    });
    if (failed)
        what->fail(std::move(*failed));
    if (session_ && session_->link().in_transaction())
        session_->link().db().tryExec("ROLLBACK");
    return 1;
}

}  // namespace cofila::sqlite
