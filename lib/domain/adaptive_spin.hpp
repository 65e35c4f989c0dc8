#pragma once

namespace cofila::domain {

/// Decides whether it is worth to wait awake for something that may come at once: yes, as long as it mostly does.
class adaptive_spin {
public:
    /// To be asked before each wait. After some that were in vain only now and then one is tried.
    bool worthwhile();
    /// How a wait ended that was worthwhile.
    void ended(bool in_time);

private:
    int misses_ = 0;    // in a row
    int left_out_ = 0;  // since the last try
};

}  // namespace cofila::domain
