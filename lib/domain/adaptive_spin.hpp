#pragma once

namespace cofila::domain {

/// Decides whether it is worth waiting awake for something that may come at once: yes, as long as it mostly does.
class adaptive_spin {
public:
    /// Ask before each wait. After several fruitless waits it allows only an occasional one.
    bool worthwhile();
    /// Call after a wait that it allowed.
    void ended(bool in_time);

private:
    int misses_ = 0;    // in a row
    int left_out_ = 0;  // since the last try
};

}  // namespace cofila::domain
