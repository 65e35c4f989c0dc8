// The transactions of a batch on a SQLite file, and what they need around them. Every transaction that writes takes the
// write lock at once (BEGIN IMMEDIATE), so that it is never refused half-way. Statements are given up at the deadline
// of their operation; COMMIT has no limit, since what is stored must not be reported as broken off. After a failed
// COMMIT the connection is opened anew: only a new one can tell what the file holds. In a hurry nothing waits: a busy
// file is given up at once, and so is a transaction whose commit would be the first of a new log, since SQLite syncs
// that one's header. The log is copied into the file by the database thread alone, between batches, while it holds the
// write lock. On a full disk the reserve is released and the log copied, so that the batch can run again.
#include "sqlite/writer.hpp"

#include <sqlite3.h>

#include <utility>

#include "sqlite/problem.hpp"
#include "sqlite/schema.hpp"

namespace cofila::sqlite {

namespace {

/// A statement that runs for longer is not finished in a hurry.
constexpr milliseconds moment{1};

/// Returns false if `work` throws.
template <class Work>
bool succeeds(Work work) noexcept
{
    try {
        work();
        return true;
    } catch (const std::exception&) {
        return false;
    }
}

}  // namespace

writer::writer(connection_options options, bool embed)
    : options_{std::move(options)},
      embed_{embed},
      reserve_{options_.path, options_.reserve, file_}
{}

writer::~writer()
{
    if (!session_)
        return;
    if (!is_distrusted_ && new_frames() > 0)
        checkpoint();
    close();
    if (!file_->is_replaced() && !file_->has_log())
        reserve_.remove();
}

void writer::open()
{
    in_hurry_ = false;
    has_recovered_ = false;
    if (session_ && is_distrusted_)
        close();
    if (session_)
        return;
    check_place();
    check_file(options_, embed_);
    auto opened = std::make_unique<session>(options_, &reserve_);
    migrate(opened->link(), embed_);
    opened->prepare_to_end();
    checkpointer_ = std::make_unique<connection>(options_);
    session_ = std::move(opened);
    is_distrusted_ = false;
    copied_frames_ = 0;
    page_size_ = session_->page_size();
    file_.emplace(options_.path);  // its log may be another one than before
    if (options_.durability == durability::normal)
        writeback_.emplace(options_.path, page_size_);
}

void writer::prepare(std::chrono::steady_clock::duration waited)
{
    limit_statements();
    session_->note_wait(waited);
}

/// The limit of an operation begins now.
void writer::limit_statements()
{
    limit_.reset();
    if (in_hurry_)
        limit_.emplace(session_->link(), milliseconds{}, moment);
    else
        limit_.emplace(session_->link());
}

void writer::begin_reading()
{
    check_place();
    limit_statements();
    session_->sql().exec("BEGIN");
    session_->begun_reading();
}

void writer::end_reading() noexcept
{
    limit_.reset();
    session_->end_transaction();
}

store::failure writer::describe()
{
    const bool full = session_ && sqlite3_errcode(session_->link().handle()) == SQLITE_FULL;
    const bool committing = std::exchange(committing_, false);
    return {
        .why = committing ? describe_current_commit(options_.path) : describe_current(options_.path), .may_pass = full
    };
}

void writer::give_way() { connection::sleep(gap_for_others); }

void writer::begin(bool)
{
    limit_.reset();
    auto& link = session_->link();
    if (in_hurry_)
        link.give_up_waiting_after({});
    else
        link.restart_deadline();
    check_place();
    session_->sql().exec("BEGIN IMMEDIATE");
    if (in_hurry_ && link.begins_log_anew())
        throw error{errc::storage_busy, "'" + options_.path + "': its log begins anew, which is synced"};
    limit_statements();
    session_->begun();
}

void writer::commit()
{
    limit_statements();
    session_->flush();
    limit_.reset();
    committing_ = true;
    session_->sql().exec("COMMIT");
    committing_ = false;
    session_->committed();
    if (writeback_ && !in_hurry_)
        writeback_->grown_to(session_->link().log_frames());
}

void writer::roll_back() noexcept
{
    if (!session_)
        return;
    limit_.reset();
    session_->end_transaction();
    session_->forget_names();
}

/// For a full disk: copies the log into the file, with the room of the reserve where that needs some; after that the
/// log's own room can be used again.
bool writer::recover()
{
    if (std::exchange(has_recovered_, true))
        return false;
    const bool released = reserve_.release();
    const bool copying = new_frames() > 0;
    checkpoint();
    return released || (copying && log_is_copied_);
}

/// SQLite would go on writing, without an error, into a file that nothing refers to any more.
void writer::check_place()
{
    is_replaced_ = is_replaced_ || (file_ && file_->is_replaced());
    if (is_replaced_)
        throw error{
            errc::storage_corrupt,
            "'" + options_.path +
                "' was moved, removed or replaced while it was open, and what is written now would be "
                "lost; close the engine and open it again"
        };
}

void writer::close()
{
    roll_back();
    if (!file_->has_its_log()) {
        session_->link().leave_log();
        checkpointer_->leave_log();
    }
    writeback_.reset();
    checkpointer_.reset();
    session_.reset();
}

/// With `durability::full` every commit is synced.
bool writer::hurry()
{
    if (!session_ || is_distrusted_ || !writeback_ || log_is_long())
        return false;
    in_hurry_ = !writeback_->has_much_to_write(session_->link().log_frames());
    return in_hurry_;
}

void writer::tidy(bool is_asked) noexcept
{
    if (!session_ || is_distrusted_)
        return;
    limit_.reset();
    if (log_is_long() || (is_asked && (!log_is_copied_ || others_wrote())))
        checkpoint();
}

/// Frames that were written since the log was last copied into the file.
int writer::new_frames()
{
    const int frames = session_->link().log_frames();
    if (frames < copied_frames_)
        copied_frames_ = 0;  // the log has begun anew
    log_is_copied_ = log_is_copied_ && frames == copied_frames_;
    return frames - copied_frames_;
}

/// Whether other connections have committed since the log was last copied. They may be some that leave the copying to
/// us: see cofila::prepare.
bool writer::others_wrote()
{
    bool wrote = false;
    succeeds([&] { wrote = session_->data_version() != copied_version_; });
    return wrote;
}

/// Copies the log while this thread holds the write lock: then no connection can commit, and a commit that races a
/// checkpoint may damage the file in SQLite before 3.51.3.
void writer::checkpoint()
{
    auto& link = session_->link();
    link.give_up_waiting_after(milliseconds{100});
    const auto lock = [&] {
        session_->sql().exec("BEGIN IMMEDIATE");
        copied_version_ = session_->data_version();
    };
    if (!succeeds(lock))
        return session_->end_transaction();  // busy: the next batch tries again
    int frames = 0;
    int copied = 0;
    auto* const other = checkpointer_->handle();
    const int result = sqlite3_wal_checkpoint_v2(other, nullptr, SQLITE_CHECKPOINT_PASSIVE, &frames, &copied);
    session_->end_transaction();
    // What a slow reader still needs stays in the log. It is not tried again with every batch, but once as much again
    // has been written.
    copied_frames_ = link.log_frames();
    log_is_copied_ = result == SQLITE_OK && copied == frames;
}

}  // namespace cofila::sqlite
