#include "file_job.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <fmt/format.h>

#include <chrono>

#include "file_name.hpp"
#include "file_reader.hpp"
#include "hash.hpp"

namespace sample {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t large = 64 << 20;  // a file this large reports its progress

/// The same version of the same file is the same job: however often it is added, it is digested once.
cofila::job_id id_of(const found_file& file)
{
    sha256 hash;
    hash.update(fmt::format("{}\n{}\n", file.stamp.size, file.stamp.modified));
    hash.update(file.path);
    return hash.finish();
}

}  // namespace

cofila::job_spec<file_job> job_for(const found_file& file)
{
    return {
        .name = "digest",
        .data = {.path = encode_name(file.path), .size = file.stamp.size, .modified = file.stamp.modified},
        .options =
            {
                .id = id_of(file),
                .attempts = 2,
                .backoff = cofila::backoff::fixed(200ms),
                .on_completed = cofila::retention::keep_all(),  // what is finished is remembered for the next run
                .on_failed = cofila::retention::keep_all(),
                .max_stalled_count = 1000,  // a crash of this program says nothing about the file
            }
    };
}

asio::awaitable<file_digest> digest_file(running_job job)
{
    const auto file = job.data();
    file_reader in{decode_name(file.path), {.size = file.size, .modified = file.modified}};
    sha256 hash;
    std::uint64_t size = 0;
    std::uint64_t tenths = 0;
    for (auto bytes = in.next(); !bytes.empty(); bytes = in.next()) {
        hash.update(bytes);
        size += bytes.size();
        if (job.cancelled())  // a shutdown does not wait for a large file; the job is run again
            throw boost::system::system_error{asio::error::operation_aborted};
        if (file.size >= large && size * 10 / file.size > tenths) {
            tenths = size * 10 / file.size;
            co_await job.update_progress(tenths * 10);
        }
    }
    in.require_unchanged();
    co_return file_digest{.size = size, .sha256 = hash.finish()};
}

}  // namespace sample
