#pragma once
#include <cofila/job_options.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace cofila::domain {

/// The stored form of resolved options: a JSON object without id and delay, which are the job's own.
/// Jobs of one kind have the same text.
std::string options_to_json(const job_options& options);

/// Reads resolved options from their stored form. What is absent has its built-in default; what is unknown (a newer
/// version's) is ignored. Throws `errc::storage_corrupt` for text that no version wrote.
job_options options_from_json(std::string_view text);

/// Whether many jobs may have the same options, so that a store keeps their text once: a group, a deduplication id or
/// tags would make a text for each job.
bool may_be_shared(const job_options& options) noexcept;

/// Remembers texts of up to a megabyte: each is parsed once and shared by all of its jobs.
class options_cache {
public:
    std::shared_ptr<const job_options> parse(std::string_view text);

private:
    /// Lets a view be looked up.
    struct hash : std::hash<std::string_view> {
        using is_transparent = void;
    };

    std::unordered_map<std::string, std::shared_ptr<const job_options>, hash, std::equal_to<>> known_{};
    std::size_t bytes_ = 0;  // of all texts
};

}  // namespace cofila::domain
