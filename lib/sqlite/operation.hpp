#pragma once
#include <cofila/time.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>

#include <memory>
#include <optional>
#include <utility>

#include "sqlite/problem.hpp"

namespace cofila {
struct added_row;
}

namespace cofila::sqlite {

class session;
struct plain_add;

/// Something to be done with a connection, as a value: it can be done again when SQLite rolled its transaction back,
/// and it is answered on the executor of whoever waits.
class operation {
public:
    enum class kind {
        observe,      ///< Outside of any transaction; writes nothing.
        shorten_log,  ///< The same, and asks for a checkpoint afterwards.
        single,       ///< Writes with one statement, beside some that do no harm where that one fails.
        several,      ///< Writes with several statements: gets a savepoint of its own.
        renewal,      ///< As `several`, but goes before the others, since locks run out.
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

    /// When it was handed over: from then on it waits.
    void note_submitted(steady_time at) { submitted_ = at; }
    /// Nothing: it is done at once.
    const std::optional<steady_time>& submitted() const noexcept { return submitted_; }

    /// It may find that there is nothing to write: it looks before anybody takes the write lock for it.
    virtual bool looks_first() const { return false; }
    /// On the database thread, within a transaction that only reads. True: there is nothing to write, and it has its
    /// answer. False: it has to run.
    virtual bool look(session&) { return false; }
    /// On the database thread. Throws what SQLiteCpp throws, or `error`.
    virtual void run(session& with) = 0;
    /// What it does, where that is to add a plain job: such operations can share a statement. Null: it does not.
    virtual const plain_add* adds() const noexcept { return nullptr; }
    /// Instead of `run`: it was added together with others.
    virtual void added(const added_row&) {}
    /// Instead of what `run` answered.
    void fail(error why) { failed_ = std::move(why); }
    bool has_failed() const noexcept { return failed_.has_value(); }

    /// On the executor: resumes the waiting coroutine. Once only.
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

}  // namespace cofila::sqlite
