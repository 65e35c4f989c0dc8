// Runs a batch of operations as one transaction, so that all of them share one flush to the disk. First come the
// operations that need no transaction (`observe`, `shorten_log`). Then those at the front that may find nothing to
// write look for that in a read transaction, which waits for no lock. The rest run between BEGIN IMMEDIATE and
// COMMIT, renewals first since locks run out; at least four adds of single jobs to one queue are done together.
// There are no savepoints: where an operation fails after it has written, or SQLite rolls everything back, the batch
// runs again without it, which is safe because operations are values. No operation is completed here, so none has
// its result before COMMIT has returned. On a full disk, once in a run, the reserve is released, the log copied, and
// everything run again. If COMMIT fails, all operations fail, with `errc::outcome_unknown` unless SQLite had written
// nothing; the connection is closed then, and the next batch opens a new one.
#include "sqlite/batch.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <utility>

#include "sqlite/schema.hpp"
#include "sqlite/works.hpp"

namespace cofila::sqlite {

namespace {

/// A batch ends here, so that no caller waits long for its result and no other process for the file.
constexpr std::size_t most_operations = 1000;
constexpr milliseconds longest_batch{10};

/// Adds of single jobs that are merged, as a set of at least and at most this many: they then share statements.
constexpr std::size_t fewest_together = 4;
constexpr std::size_t most_together = 128;

constexpr const char* rollback = "ROLLBACK";

bool waits(const operation_ptr& what) { return !what->has_failed(); }

void fail_all(std::span<operation_ptr> batch, const error& why)
{
    for (const auto& what : batch)
        if (waits(what))
            what->fail(why);
}

/// Moves the operations of a kind to the front, keeps the order otherwise, and returns how many there are.
std::size_t bring_forward(std::span<operation_ptr> batch, operation::kind kind)
{
    auto front = batch.begin();
    for (auto what = batch.begin(); what != batch.end(); ++what)
        if ((*what)->what() == kind)
            std::rotate(front++, what, what + 1);
    return static_cast<std::size_t>(front - batch.begin());
}

/// The operations at the front that each add a plain job to the same queue.
std::span<operation_ptr> adds_in_front(std::span<operation_ptr> waiting)
{
    const auto* const first = waiting.front()->adds();
    const auto joins = [&](const operation_ptr& what) {
        const auto* const add = waits(what) && first ? what->adds() : nullptr;
        return add && add->job->queue == first->job->queue;
    };
    const auto some = waiting.first(std::min(waiting.size(), most_together));
    return {some.begin(), std::ranges::find_if_not(some, joins)};
}

/// Adds the jobs of several operations with shared statements, all or none. On failure the caller runs them one by one.
class adds_together final : public operation {
public:
    explicit adds_together(std::span<operation_ptr> adds)
        : operation{kind::write, adds.front()->executor()},
          adds_{adds}
    {}

    void run(session& with) override
    {
        std::vector<job_snapshot> jobs;
        for (const auto& what : adds_)
            jobs.push_back(what->adds()->job);
        const auto rows = store::add(with, jobs).rows;
        for (std::size_t i = 0; i < rows.size(); ++i)
            adds_[i]->added(store::alone(rows[i]));
    }
    void answer() override {}

private:
    const std::span<operation_ptr> adds_;
};

/// Calls `work` and returns what it throws as a value.
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
        return describe_other(e, path);
    }
}

}  // namespace

writing_runner::writing_runner(connection_options options, bool embed)
    : options_{std::move(options)},
      embed_{embed},
      reserve_{options_.path, options_.reserve, file_}
{}

std::size_t writing_runner::run(std::span<operation_ptr> waiting)
{
    if (waiting.size() > most_operations)
        bring_forward(waiting, operation::kind::renewal);
    const auto taken = waiting.first(std::min(waiting.size(), most_operations));
    if (!open(taken))
        return taken.size();
    const auto shorten = bring_forward(taken, operation::kind::shorten_log);
    const auto observed = shorten + bring_forward(taken.subspan(shorten), operation::kind::observe);
    for (const auto& what : taken.first(observed))
        if (auto failed = attempted(options_.path, [&] {
                const connection::time_limit limit{session_->link()};
                what->run(*session_);
            }))
            what->fail(std::move(*failed));
    made_room_ = false;
    one_by_one_ = false;
    auto writes = taken.subspan(observed);
    bring_forward(writes, operation::kind::renewal);
    const auto looked = look(writes);
    writes = writes.subspan(looked);
    // Runs again without the operation at which SQLite rolled everything back: the others are values and can be
    // repeated.
    while (std::ranges::any_of(writes, waits) && begin(writes)) {
        std::size_t done = 0;
        if (run_all(writes, done) && commit(writes.first(done))) {
            writes = writes.first(done);
            break;
        }
        session_->forget_names();
    }
    if (session_ && (log_is_long() || (shorten > 0 && (!log_is_copied_ || others_wrote()))))
        checkpoint();
    return observed + looked + writes.size();
}

/// Completes the operations at the front that find nothing to write, without the write lock, which another process may
/// hold. A failure here is not reported: the operation runs after that, and fails again.
std::size_t writing_runner::look(batch waiting)
{
    std::size_t done = 0;
    if (is_replaced_ || waiting.empty() || !waiting.front()->looks_first())
        return done;
    attempted(options_.path, [&] {
        check_place();
        const connection::time_limit limit{session_->link()};
        const read_transaction reading{*session_};
        for (; done < waiting.size() && waiting[done]->looks_first(); ++done) {
            note_wait(*waiting[done]);
            if (!waiting[done]->look(*session_))
                return;
        }
    });
    return done;
}

void writing_runner::note_wait(const operation& what)
{
    const auto now = options_.clock->steady_now();
    session_->note_wait(now - what.submitted().value_or(now));
}

bool writing_runner::open(batch waiting)
{
    if (session_)
        return true;
    auto failed = attempted(options_.path, [&] {
        check_place();
        check_file(options_, embed_);
        auto opened = std::make_unique<session>(options_, &reserve_);
        migrate(opened->link(), embed_);
        opened->sql().query(rollback);  // prepares it
        checkpointer_ = std::make_unique<connection>(options_);
        session_ = std::move(opened);
        copied_frames_ = 0;
        page_size_ = session_->page_size();
        file_.emplace(options_.path);  // its log may be another one than before
        if (options_.durability == durability::normal)
            writeback_.emplace(options_.path, page_size_);
    });
    if (failed)
        fail_all(waiting, *failed);
    return !failed;
}

bool writing_runner::begin(batch waiting)
{
    session_->link().restart_deadline();
    const auto failed = attempted(options_.path, [&] {
        check_place();
        session_->sql().exec("BEGIN IMMEDIATE");
        const connection::time_limit limit{session_->link()};
        session_->begun();
    });
    if (failed) {
        roll_back();
        fail_all(waiting, *failed);
    }
    return !failed;
}

/// Returns false if the transaction was rolled back, with everything that the other operations had done in it. An
/// operation seldom fails after it has written: then all are undone, and the others run again.
bool writing_runner::run_one(operation& what)
{
    auto& link = session_->link();
    const auto changes = link.changes();
    auto failed = attempted(options_.path, [&] {
        const connection::time_limit limit{link};
        note_wait(what);
        what.run(*session_);
    });
    if (!failed)
        return true;
    session_->forget_names();
    if (sqlite3_errcode(link.handle()) == SQLITE_FULL && make_room())
        return false;
    what.fail(std::move(*failed));
    const bool wrote = link.changes() != changes;
    if (wrote)
        roll_back();
    return !wrote && link.in_transaction();
}

/// Runs one operation, or several merged adds. Returns false as `run_one` does.
bool writing_runner::run_next(batch waiting, std::size_t& done)
{
    const auto adds = one_by_one_ ? batch{} : adds_in_front(waiting.subspan(done));
    if (adds.size() < fewest_together) {
        const auto& what = waiting[done++];
        return !waits(what) || run_one(*what);
    }
    adds_together all{adds};
    const bool stands = run_one(all);
    one_by_one_ = all.has_failed();
    if (!one_by_one_)
        done += adds.size();
    return stands;
}

bool writing_runner::run_all(batch waiting, std::size_t& done)
{
    const auto start = options_.clock->steady_now();
    for (done = 0; done < waiting.size();) {
        if (!run_next(waiting, done))
            return false;
        if (options_.clock->steady_now() - start > longest_batch)
            break;
    }
    return true;
}

/// Returns false if nothing was stored and there is room now to run everything again. Otherwise each operation has its
/// result or its failure.
bool writing_runner::commit(batch waiting)
{
    bool committing = false;
    try {
        {
            const connection::time_limit limit{session_->link()};
            session_->flush();
        }
        committing = true;  // no time limit: what is stored must not be reported as broken off
        session_->sql().exec("COMMIT");
        session_->committed();
        if (writeback_)
            writeback_->grown_to(session_->link().log_frames());
        return true;
    } catch (const SQLite::Exception& e) {
        if (e.getErrorCode() == SQLITE_FULL && make_room())
            return false;
        fail_all(waiting, committing ? describe_commit(e, options_.path) : describe(e, options_.path));
    } catch (const std::exception& e) {
        fail_all(waiting, committing ? unknown_outcome(e, options_.path) : describe_other(e, options_.path));
    }
    // Only a new connection can tell what the file holds now.
    close_session();
    return true;
}

/// For a full disk: copies the log into the file, with the room of the reserve where that needs some; after that the
/// log's own room can be used again. Tried once in a run.
bool writing_runner::make_room()
{
    if (std::exchange(made_room_, true))
        return false;
    roll_back();
    const bool released = reserve_.release();
    const bool copying = new_frames() > 0;
    checkpoint();
    return released || (copying && log_is_copied_);
}

/// SQLite would go on writing, without an error, into a file that nothing refers to any more.
void writing_runner::check_place()
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

/// By a statement that was prepared before, so that it needs no memory.
void writing_runner::roll_back()
{
    if (session_->link().in_transaction())
        attempted(options_.path, [&] { session_->sql().exec(rollback); });
}

void writing_runner::close_session()
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

writing_runner::~writing_runner()
{
    if (!session_)
        return;
    if (new_frames() > 0)
        checkpoint();
    close_session();
    if (!file_->is_replaced() && !file_->has_log())
        reserve_.remove();
}

/// Frames that were written since the log was last copied into the file.
int writing_runner::new_frames()
{
    const int frames = session_->link().log_frames();
    if (frames < copied_frames_)
        copied_frames_ = 0;  // the log has begun anew
    log_is_copied_ = log_is_copied_ && frames == copied_frames_;
    return frames - copied_frames_;
}

/// Whether other connections have committed since the log was last copied. They may be some that leave the copying to
/// us: see cofila::prepare.
bool writing_runner::others_wrote()
{
    bool wrote = false;
    attempted(options_.path, [&] { wrote = session_->data_version() != copied_version_; });
    return wrote;
}

/// Copies the log while this thread holds the write lock: then no connection can commit, and a commit that races a
/// checkpoint may damage the file in SQLite before 3.51.3.
void writing_runner::checkpoint()
{
    auto& link = session_->link();
    link.give_up_waiting_after(milliseconds{100});
    const auto begin = [&] {
        session_->sql().exec("BEGIN IMMEDIATE");
        copied_version_ = session_->data_version();
    };
    if (attempted(options_.path, begin))
        return roll_back();  // busy: the next batch tries again
    int frames = 0;
    int copied = 0;
    auto* const other = checkpointer_->handle();
    const int result = sqlite3_wal_checkpoint_v2(other, nullptr, SQLITE_CHECKPOINT_PASSIVE, &frames, &copied);
    link.db().tryExec("ROLLBACK");
    // What a slow reader still needs stays in the log. It is not tried again with every batch, but once as much again
    // has been written.
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
        const connection::time_limit limit{session_->link()};
        session_->sql().exec("BEGIN");
        session_->begun_reading();  // a queue may have been forgotten, and made anew under another number
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
