#pragma once
#include <cofila/time.hpp>

#include <memory>
#include <utility>

namespace cofila {

/// A waiter checks again after this long, in case a notification is lost.
inline constexpr milliseconds longest_sleep{5000};

/// Registers a thing with its owner for the lifetime of this object. Construct it before the first check: then no
/// change between check and wait is missed.
template <class Owner, class Thing>
class attached {
public:
    template <class... Args>
    explicit attached(std::shared_ptr<Owner> owner, Args&&... args)
        : owner_{std::move(owner)},
          thing_{std::forward<Args>(args)...}
    {
        owner_->attach(thing_);
    }
    attached(const attached&) = delete;
    attached& operator=(const attached&) = delete;
    ~attached() { owner_->detach(thing_); }

    Thing& operator*() noexcept { return thing_; }
    Thing* operator->() noexcept { return &thing_; }

private:
    const std::shared_ptr<Owner> owner_;
    Thing thing_;
};

}  // namespace cofila
