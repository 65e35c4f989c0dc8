#pragma once
#include <cofila/time.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "postgres/session.hpp"

namespace cofila::postgres {

/// A session that is made anew when its connection breaks. While there is no server it tries for as long as an
/// operation may take, except for the first time.
class channel {
public:
    explicit channel(link_options options) : options_{std::move(options)} {}

    /// Connects if there is no connection. The time of an operation begins.
    void open();
    /// Connects anew, within what is left of that time. Throws if nothing is left.
    void reopen();
    /// Behind a conflict with others, or on a connection that broke before the commit, the same may succeed. Connects
    /// anew if need be. Returns false once the time has passed.
    bool recover() noexcept;
    /// Has the next `open` connect anew.
    void distrust() noexcept { is_distrusted_ = true; }

    bool is_open() const noexcept { return session_ != nullptr; }
    bool is_broken() const noexcept { return is_distrusted_ || session_->link().is_lost(); }
    /// True until the time has passed, unless the engine ends.
    bool has_time() const;
    /// Once it is open.
    session& current() const noexcept { return *session_; }
    /// What to call the store in messages.
    std::string name() const { return session_ ? session_->link().name() : "PostgreSQL"; }
    const link_options& options() const noexcept { return options_; }

    /// Calls `opening` of the session; once more on a new connection if the old one is found broken, as nothing was
    /// done on it yet.
    void begin(void (session::*opening)());

private:
    void connect();
    void end_former(link& by) const;
    void pause(milliseconds time) const;
    bool hurries() const { return options_.hurry && *options_.hurry; }

    const link_options options_;
    std::unique_ptr<session> session_{};
    bool is_distrusted_ = false;
    steady_time end_{};  // of the operation's time
    int attempts_ = 0;   // to connect, in that time
};

}  // namespace cofila::postgres
