#include "tally.hpp"

#include <utility>

namespace sample {

void tally::expect(const cofila::job_id& id, std::string path, std::uint64_t size)
{
    if (!files_.try_emplace(id, entry{.path = std::move(path), .size = size}).second)
        return;  // found twice, by two paths of which one is below the other
    ++counts_.files;
    counts_.bytes += size;
}

void tally::added(const cofila::job_id& id)
{
    const auto file = files_.find(id);
    if (file != files_.end() && file->second.now == state::pending)
        watched_.push_back(&*file);
}

void tally::digested(const cofila::job_id& id, const file_digest& result)
{
    auto* const file = find(id);
    if (!file || file->now == state::digested)
        return;
    if (file->now == state::failed)
        --counts_.failed;  // another process has retried it successfully
    ++counts_.digested;
    count(*file, result.size);
    file->now = state::digested;
    file->text = result.sha256;
}

void tally::failed(const cofila::job_id& id, std::string reason)
{
    auto* const file = find(id);
    if (!file || file->now != state::pending)
        return;
    ++counts_.failed;
    count(*file, 0);
    file->now = state::failed;
    file->text = std::move(reason);
}

void tally::progressed(const cofila::job_id& id, std::uint64_t percent)
{
    auto* const file = find(id);
    if (file && file->now == state::pending)
        count(*file, file->size / 100 * percent);
}

void tally::unreadable(std::string path, std::string reason) { unreadable_[std::move(path)] = std::move(reason); }

std::vector<cofila::job_id> tally::oldest_pending(std::size_t limit)
{
    std::erase_if(watched_, [](const auto* file) { return file->second.now != state::pending; });
    std::vector<cofila::job_id> ids;
    for (std::size_t i = 0; i < watched_.size() && i < limit; ++i)
        ids.push_back(watched_[i]->first);
    return ids;
}

std::vector<manifest_line> tally::digests() const
{
    std::vector<manifest_line> lines;
    for (const auto& [id, file] : files_)
        if (file.now == state::digested)
            lines.push_back({.path = file.path, .sha256 = file.text});
    return lines;
}

std::map<std::string, std::string> tally::failures() const
{
    auto all = unreadable_;
    for (const auto& [id, file] : files_)
        if (file.now == state::failed)
            all[file.path] = file.text;
    return all;
}

tally::entry* tally::find(const cofila::job_id& id)
{
    const auto file = files_.find(id);
    return file == files_.end() ? nullptr : &file->second;
}

void tally::count(entry& file, std::uint64_t bytes)
{
    counts_.bytes_done += bytes;
    counts_.bytes_done -= std::exchange(file.counted, bytes);
}

}  // namespace sample
