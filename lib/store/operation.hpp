#pragma once
#include <cofila/error.hpp>
#include <cofila/time.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace cofila {
struct add_answer;
}

namespace cofila::store {

class tables;
struct plain_add;

/// Work for a connection, as a value: it can be repeated when its transaction was rolled back. It is completed on the
/// executor of its caller.
class operation {
public:
    enum class kind {
        observe,  ///< Outside of any transaction; writes nothing.
        tidy,     ///< As `observe`, and asks for the upkeep that an idle store can have.
        write,    ///< Within the transaction of its batch.
        renewal,  ///< As `write`, but goes first, since locks run out.
    };

    operation(kind what, boost::asio::any_io_executor answers_on)
        : what_{what},
          executor_{std::move(answers_on)},
          work_{executor_}
    {}
    operation(const operation&) = delete;
    operation& operator=(const operation&) = delete;
    virtual ~operation() = default;

    kind what() const noexcept { return what_; }
    const boost::asio::any_io_executor& executor() const noexcept { return executor_; }

    /// When it was submitted: its wait counts from then.
    void note_submitted(steady_time at) { submitted_ = at; }
    /// Unset if it is run at once.
    const std::optional<steady_time>& submitted() const noexcept { return submitted_; }

    /// Whether it may find that there is nothing to write: if so it looks before the write lock is taken for it.
    virtual bool looks_first() const { return false; }
    /// Whether it takes but a moment, whatever is stored: few rows, found by their keys, and little data.
    virtual bool is_short() const { return false; }
    /// On the database thread, within a transaction that only reads. Returns true if there is nothing to write, and the
    /// result is set. Otherwise it has to run.
    virtual bool look(tables&) { return false; }
    /// On the database thread. Throws what the backend throws, or `error`.
    virtual void run(tables& db) = 0;
    /// Whether it may run while other processes write, too, as far as is known before it runs.
    virtual bool shares(const tables&) const { return false; }
    /// Called after the commit of a transaction that was not alone, within one that only reads: what others did
    /// meanwhile may change the result.
    virtual void confirm(tables&) {}
    virtual bool needs_confirmation() const { return false; }
    /// The work, if that is to add a plain job: such operations can share a statement. Null for all others.
    virtual const plain_add* adds() const noexcept { return nullptr; }
    /// Called instead of `run` if its job was added together with others.
    virtual void added(add_answer&&) {}
    /// Replaces the result of `run`.
    void fail(error why) { failed_ = std::move(why); }
    bool has_failed() const noexcept { return failed_.has_value(); }

    /// On the executor: resumes the waiting coroutine. Called once.
    virtual void answer() = 0;

protected:
    std::optional<error> failed_{};

private:
    kind what_;
    std::optional<steady_time> submitted_{};
    boost::asio::any_io_executor executor_;
    boost::asio::executor_work_guard<boost::asio::any_io_executor> work_;  // keeps the caller's loop running
};

using operation_ptr = std::unique_ptr<operation>;

}  // namespace cofila::store
