#pragma once
#include <cofila/time.hpp>

#include <memory>
#include <utility>

namespace cofila {

/// Who waits for a sign looks again after so long: whatever brings the sign may fail.
inline constexpr milliseconds longest_sleep{5000};

/// What its owner knows of while this lives. Attached before the first look, nothing can happen between them.
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
