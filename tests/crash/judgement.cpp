#include <cofila/job_state.hpp>

#include <algorithm>

#include "history.hpp"
#include "plan.hpp"

namespace cofila::test {

namespace {

constexpr int absent = -1;
constexpr int waiting = static_cast<int>(job_state::waiting);
constexpr int delayed = static_cast<int>(job_state::delayed);
constexpr int active = static_cast<int>(job_state::active);
constexpr int completed = static_cast<int>(job_state::completed);
constexpr int failed = static_cast<int>(job_state::failed);

/// The table of states, without what no process of the campaign asks for.
bool is_legal(int was, int now)
{
    static const std::set<std::pair<int, int>> legal{
        {absent, waiting},
        {absent, delayed},
        {delayed, waiting},
        {waiting, active},
        {active, completed},
        {active, failed},
        {active, waiting},
        {active, delayed},
        {completed, absent},
        {completed, waiting},
    };
    return legal.contains({was, now});
}

}  // namespace

/// One look at a store.
class judgement {
public:
    judgement(const history& said, const store_contents& found) : said_{said}, found_{found} {}

    verdict all()
    {
        for (const auto& line : said_.strange_)
            complain(&verdict::unexpected, line);
        for (const auto& line : said_.lost_)
            complain(&verdict::lost, line);
        read_trail();
        compare_adds();
        compare_outcomes();
        compare_changes();
        read_jobs();
        return out_;
    }

private:
    /// What the trail says of one job.
    struct life {
        int state = absent;
        std::set<int> claims{};
        std::set<int> completions{};      // the numbers of the claims
        std::set<int> failed_attempts{};  // their numbers
        std::set<std::string> settled{};  // tokens
        int made = 0;
        int stalled = 0;
        bool was_completed = false;            // in this life: a retry gives another one
        int claims_before = 0;                 // in the lives before
        std::map<std::string, int> changes{};  // by the verb with which they are asked for
    };

    void complain(std::size_t verdict::* kind, const std::string& what) { out_.complain(kind, what); }

    void read_trail()
    {
        for (const auto& one : found_.trail)
            step(one.id, one.was, one.now, one.token, one.after);
    }

    using counters = store_contents::counters;

    void step(const std::string& id, int was, int now, const std::string& token, counters after)
    {
        auto& job = lives_[id];
        const auto text = id + " from " + std::to_string(was) + " to " + std::to_string(now);
        if (was != job.state || !is_legal(was, now))
            complain(&verdict::unexpected, "no step of a job: " + text);
        if (now == active && (!tokens_.insert(token).second || !job.claims.insert(after.claim).second))
            complain(&verdict::unexpected, "a claim that is not new: " + text);
        if (was == active && !job.settled.insert(token).second)
            complain(&verdict::duplicated, "two outcomes under one token: " + text);
        if (now == completed && (!job.completions.insert(after.claim).second || std::exchange(job.was_completed, true)))
            complain(&verdict::duplicated, "completed twice: " + text);
        note_change(job, was, now, after.claim);
        if (was == active && after.made == job.made + 1 && now != completed)
            job.failed_attempts.insert(after.made);
        out_.rescued += after.stalled > job.stalled ? 1 : 0;
        job.state = now;
        job.made = after.made;
        job.stalled = after.stalled;
    }

    static void note_change(life& job, int was, int now, int claim)
    {
        job.changes["promote"] += was == delayed && now == waiting ? 1 : 0;
        job.changes["remove"] += now == absent ? 1 : 0;
        if (was != completed || now != waiting)
            return;
        ++job.changes["retry"];
        job.was_completed = false;
        job.claims_before = claim;
    }

    void compare_adds()
    {
        std::set<std::string> asked;
        for (const auto& [ids, acknowledged] : said_.adds_) {
            const auto jobs = words_of(ids, ',');
            asked.insert(jobs.begin(), jobs.end());
            const auto stored = static_cast<std::size_t>(std::ranges::count_if(jobs, [&](const auto& id) {
                return lives_.contains(id);
            }));
            (acknowledged ? out_.acknowledged : out_.unknown) += jobs.size();
            if (acknowledged && stored < jobs.size())
                complain(&verdict::lost, "an acknowledged add: " + ids);
            else if (stored != 0 && stored != jobs.size())
                complain(&verdict::unexpected, "a part of what was added at once: " + ids);
        }
        for (const auto& [id, job] : lives_)
            if (!asked.contains(id))
                complain(&verdict::unexpected, "a job from nowhere: " + id);
    }

    void compare_outcomes()
    {
        for (const auto& [id, claim] : said_.runs_)
            if (!lives_[id].claims.contains(claim))
                complain(&verdict::lost, "a claim that was run: " + id + " " + std::to_string(claim));
        for (const auto& [name, times] : said_.completed_) {
            const auto text = name.first + " " + std::to_string(name.second);
            out_.completed += static_cast<std::size_t>(times);
            if (!lives_[name.first].completions.contains(name.second))
                complain(&verdict::lost, "an acknowledged completion: " + text);
            if (times > 1)
                complain(&verdict::duplicated, "told as completed twice: " + text);
        }
        for (const auto& [name, times] : said_.failed_) {
            const auto text = name.first + " " + std::to_string(name.second);
            if (!lives_[name.first].failed_attempts.contains(name.second))
                complain(&verdict::lost, "an acknowledged failure: " + text);
            if (times > 1)
                complain(&verdict::duplicated, "told as failed twice: " + text);
        }
    }

    /// A job becomes due without being asked to, and is removed by itself where its plan says so. Nothing else is.
    void compare_changes()
    {
        for (const auto& [name, times] : said_.changes_) {
            const auto& [verb, id] = name;
            if (lives_[id].changes[verb] < times.acknowledged)
                complain(&verdict::lost, "an acknowledged " + verb + " of " + id);
            auto& count = verb == "promote" ? out_.promoted : verb == "retry" ? out_.retried : out_.removed;
            count += static_cast<std::size_t>(times.acknowledged);
        }
        for (auto& [id, job] : lives_) {
            const auto asked = [&](const char* verb) {
                const auto found = said_.changes_.find({verb, id});
                return found == said_.changes_.end() ? 0 : found->second.asked;
            };
            if (job.changes["retry"] > asked("retry") ||
                job.changes["remove"] > asked("remove") + (plan_of(id).removed ? 1 : 0))
                complain(&verdict::unexpected, "retried or removed by nobody: " + id);
        }
    }

    void read_jobs()
    {
        std::set<std::string> there;
        for (const auto& job : found_.jobs) {
            there.insert(job.id);
            check_job(job.id, job.state, job.data, job.result, job.last);
        }
        for (const auto& [id, job] : lives_)
            if (!there.contains(id) && job.state != absent)
                complain(&verdict::lost, "a job that nobody removed: " + id);
        if (found_.is_out_of_place)
            complain(&verdict::unexpected, "a job's key is not in the table of one state, or a key there is no job's");
    }

    /// What has to be true of a job at the end, by its plan.
    void check_job(const std::string& id, int state, const std::string& data, const std::string& result, counters last)
    {
        const auto plan = plan_of(id);
        const auto text = id + ", state " + std::to_string(state);
        if (data != '"' + plan.data + '"')
            complain(&verdict::unexpected, "other data than was added: " + text);
        if (state == completed) {
            if (result != '"' + result_of(id, last.claim) + '"')
                complain(&verdict::unexpected, "another result than that of the last claim: " + text);
            if (last.made != plan.failures + 1)
                complain(&verdict::unexpected, "another number of attempts than planned: " + text);
            if (plan.removed)
                complain(&verdict::unexpected, "it should be gone: " + text);
        } else if (state != failed || last.stalled != *plan.options.max_stalled_count + 1) {
            complain(&verdict::unexpected, "it has not ended as planned: " + text);
        }
        if (last.claim - lives_[id].claims_before != last.made + last.stalled)
            complain(&verdict::unexpected, "not as many ends as claims: " + text);
    }

    const history& said_;
    const store_contents& found_;
    std::map<std::string, life> lives_{};
    std::set<std::string> tokens_{};
    verdict out_{};
};

verdict history::judge(const store_contents& found) const { return judgement{*this, found}.all(); }

}  // namespace cofila::test
