#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "support/temp_folder.hpp"

namespace cofila::test {

/// What happens to the connections of a `postgres_proxy`, at one message.
struct link_fault {
    enum class kind {
        cut_before,  ///< The connection is cut, and the message does not arrive.
        cut_inside,  ///< Half of it arrives.
        cut_after,   ///< It arrives, and nothing after it.
        late,        ///< The sender sees the connection cut; the message arrives once the next connection is used.
        frozen,      ///< Neither this message nor another one arrives on the connection, which is not cut.
    };
    kind what = kind::cut_before;
    int at = 0;     ///< The number of the message, in both directions, on all connections: 1, 2, 3 ...
    int again = 0;  ///< The number of messages until the fault comes once more; 0: it does not.
};

/// Stands between programs and a server on this machine, passes on whole messages of the protocol, and fails as it is
/// told.
class postgres_proxy {
public:
    /// `target` must name a folder of Unix sockets. `froze` is called on the proxy's thread.
    postgres_proxy(const std::string& target, std::function<void()> froze);
    postgres_proxy(const postgres_proxy&) = delete;
    postgres_proxy& operator=(const postgres_proxy&) = delete;
    ~postgres_proxy();

    /// Where to connect instead.
    const std::string& target() const { return target_; }
    /// Counts messages anew; `plan` lies ahead.
    void arm(link_fault plan);
    /// Whether the plan has been carried out, and takes it back. What is frozen is cut.
    bool disarm();

private:
    class relay;

    const temp_folder folder_{};
    std::string target_{};
    std::unique_ptr<relay> relay_;
    std::thread thread_{};
};

}  // namespace cofila::test
