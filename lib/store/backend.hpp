#pragma once
#include <cofila/error.hpp>

#include <chrono>
#include <cstdint>

#include "store/tables.hpp"

/// What a backend provides beside its tables: the connections on which batches run, and what their errors mean.
namespace cofila::store {

/// What an exception means.
struct failure {
    error why;
    bool may_pass = false;     ///< Nothing was stored, and the same may succeed after `writer::recover`.
    bool needs_store = false;  ///< Nothing was stored; it has to run while no other process writes.
};

/// A connection that reads. It may be made on one thread and used on another, but only by one at a time. Functions may
/// throw what the backend's library throws; `describe` turns it into a value.
class reader {
public:
    virtual ~reader() = default;

    /// Connects if it is not connected. Called before each batch.
    virtual void open() = 0;
    /// What operations work with, while it is connected.
    virtual tables& db() = 0;
    /// Called before each operation: limits the time of its statements. `waited`: since it was submitted.
    virtual void prepare(std::chrono::steady_clock::duration waited) = 0;
    /// Begins a transaction that only reads, and waits for no lock.
    virtual void begin_reading() = 0;
    /// Ends it, if it has begun.
    virtual void end_reading() noexcept = 0;
    /// Describes the exception that is being handled.
    virtual failure describe() = 0;
    /// Removes the cause of a failure that may pass. Returns false if that is not possible, or was tried often enough
    /// since `open`.
    virtual bool recover() { return false; }
    /// Lets other processes have the store for a moment, after a long time without a pause.
    virtual void give_way() {}
};

/// The connection that writes.
class writer : public reader {
public:
    /// Whether processes can write beside each other, as long as nobody needs the whole store.
    virtual bool can_share() const noexcept { return false; }
    /// `alone`: no other process writes until the transaction ends. Otherwise others may add, end and claim jobs
    /// meanwhile; what cannot be done then fails, see `failure::needs_store`.
    virtual void begin(bool alone) = 0;
    /// Throws if nothing was stored, or with `errc::outcome_unknown` as its description.
    virtual void commit() = 0;
    /// Undoes the transaction, if one is open, and forgets what was read in it.
    virtual void roll_back() noexcept = 0;
    /// False once an error has ended the transaction.
    virtual bool in_transaction() const noexcept = 0;
    /// Grows with each row that is written.
    virtual std::int64_t rows_written() const noexcept = 0;
    /// Has the next `open` connect anew: only a new connection can tell what is stored after a commit has failed.
    virtual void distrust() noexcept = 0;
    /// Until the next `open` fails where it would have to wait for a lock or a disk, and ends an operation that takes
    /// longer than a moment. Returns false if it is not connected, or if upkeep comes first.
    virtual bool hurry() = 0;
    /// The upkeep between batches. `is_asked`: also what only an idle store should have.
    virtual void tidy(bool is_asked) noexcept = 0;
};

}  // namespace cofila::store
