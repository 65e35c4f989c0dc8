#pragma once
#include <chrono>
#include <memory>
#include <string>

#include "postgres/session.hpp"

namespace cofila::postgres {

/// A session that is made anew when its connection breaks. While there is no server it tries for as long as an
/// operation may take, except for the first time.
class channel {
public:
    explicit channel(link_options options) : options_{std::move(options)} {}

    /// Connects if there is no connection.
    void open();
    /// Has the next `open` connect anew.
    void distrust() noexcept { is_distrusted_ = true; }

    bool is_open() const noexcept { return session_ != nullptr; }
    /// Once it is open.
    session& current() const noexcept { return *session_; }
    /// What to call the store in messages.
    std::string name() const { return session_ ? session_->link().name() : "PostgreSQL"; }

    /// Calls `opening` of the session; once more on a new connection if the old one is found broken, as nothing was
    /// done on it yet.
    void begin(void (session::*opening)());

private:
    void connect();
    void connect_patiently();
    void pause(milliseconds time) const;
    bool hurries() const { return options_.hurry && *options_.hurry; }

    const link_options options_;
    std::unique_ptr<session> session_{};
    bool is_distrusted_ = false;
};

}  // namespace cofila::postgres
