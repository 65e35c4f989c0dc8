#pragma once
#include <cofila/events.hpp>

#include <boost/signals2/connection.hpp>

#include <string>
#include <utility>
#include <vector>

namespace cofila::test {

using lines = std::vector<std::string>;

/// Writes down what is emitted, one line an event: `completed a 42`. Connected until it goes.
class recorder {
public:
    recorder() = default;
    explicit recorder(queue_events& events) { listen(events); }
    explicit recorder(worker_events& events) { listen(events); }
    recorder(const recorder&) = delete;
    recorder& operator=(const recorder&) = delete;

    void listen(queue_events& from);
    void listen(worker_events& from);

    /// What came since the last call.
    lines take() { return std::exchange(lines_, {}); }
    const lines& all() const { return lines_; }
    void write(std::string line) { lines_.push_back(std::move(line)); }

private:
    template <class Signal, class Text>
    void on(Signal& from, Text text);

    lines lines_{};
    std::vector<boost::signals2::scoped_connection> connections_{};
};

}  // namespace cofila::test
