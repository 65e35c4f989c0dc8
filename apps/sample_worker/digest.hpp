#pragma once
#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

namespace sample {

struct digest_options {
    std::string database{};
    std::string manifest{};     ///< If empty, none is written.
    std::string log_digests{};  ///< If empty, no log is written.
    int concurrency = 64;
    std::vector<std::string> paths{};
};

/// Computes size and SHA-256 of every regular file below the paths, one job each. Started again after an interruption
/// or a crash it goes on where it was. Returns the exit code: 0 all digested, 1 some failed, 3 interrupted before the
/// end.
boost::asio::awaitable<int> digest(digest_options options);

}  // namespace sample
