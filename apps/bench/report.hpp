#pragma once
#include <cofila/durability.hpp>

#include <boost/json/object.hpp>

#include <map>
#include <string>
#include <vector>

namespace bench {

/// Prints results: each as it comes in JSON, or a row for each workload, with the median and the range.
class report {
public:
    report(cofila::durability durability, bool json);
    report(const report&) = delete;
    report& operator=(const report&) = delete;
    ~report();

    void add(const std::string& workload, boost::json::object result);

private:
    void print_row();

    const std::string mode_;
    const bool json_;
    std::string workload_{};  // the one whose repetitions are coming in
    std::vector<boost::json::object> results_{};
};

}  // namespace bench
