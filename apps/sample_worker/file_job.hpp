#pragma once
#include <cofila/job.hpp>
#include <cofila/queue.hpp>
#include <cofila/worker.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/describe/class.hpp>

#include <cstdint>
#include <string>

#include "walk.hpp"

namespace sample {

/// What a job carries: one version of one file.
struct file_job {
    std::string path{};  ///< As `encode_name` writes it.
    std::uint64_t size = 0;
    std::int64_t modified = 0;  ///< Nanoseconds since 1970.
};
BOOST_DESCRIBE_STRUCT(file_job, (), (path, size, modified))

/// What becomes of it.
struct file_digest {
    std::uint64_t size = 0;
    std::string sha256{};
};
BOOST_DESCRIBE_STRUCT(file_digest, (), (size, sha256))

using file_queue = cofila::queue<file_job, file_digest>;
using file_worker = cofila::worker<file_job, file_digest>;
using running_job = cofila::job<file_job, file_digest>;

cofila::job_spec<file_job> job_for(const found_file& file);

/// The processor. It computes and blocks, so it belongs on a thread pool.
boost::asio::awaitable<file_digest> digest_file(running_job job);

}  // namespace sample
