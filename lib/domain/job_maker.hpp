#pragma once
#include <cofila/queue_types.hpp>
#include <cofila/repository/job_record.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace cofila::domain {

/// Makes new jobs of one queue from what callers say, checked: every way of adding a job passes through here. `options`
/// must outlive this object.
class job_maker {
public:
    using id_source = std::function<random_id_part()>;

    job_maker(std::string queue, const queue_options& options) : queue_{std::move(queue)}, options_{options} {}

    /// `draw` is called if the caller chose no id. Throws as `queue::add` does.
    job_draft make(job_spec<std::string>&& spec, const id_source& draw, time_point now);
    /// An error names the index of the element at fault.
    std::vector<job_draft> make_all(std::vector<job_spec<std::string>> specs, const id_source& draw, time_point now);

private:
    std::shared_ptr<const job_options> resolved(const job_options& given);

    const std::string queue_;
    const queue_options& options_;
    job_options last_given_{};  // most jobs of a queue have the same options, which are resolved once
    std::shared_ptr<const job_options> last_resolved_{};
};

}  // namespace cofila::domain
