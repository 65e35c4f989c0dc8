#include "history.hpp"

#include <cofila/job_state.hpp>

#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>
#include <sstream>

#include "plan.hpp"

namespace cofila::test {

const char* const audit_schema = R"sql(
CREATE TABLE audit (
    n INTEGER PRIMARY KEY, id TEXT, was INTEGER, now INTEGER, token TEXT, started INTEGER, made INTEGER, stalled INTEGER
);
CREATE TRIGGER audit_add AFTER INSERT ON cofila_jobs BEGIN
    INSERT INTO audit VALUES (NULL, NEW.id, -1, NEW.state, '', 0, 0, 0);
END;
CREATE TRIGGER audit_move AFTER UPDATE OF state ON cofila_jobs BEGIN
    INSERT INTO audit VALUES (NULL, NEW.id, OLD.state, NEW.state, iif(OLD.state = 2, OLD.token, NEW.token),
        NEW.attempts_started, NEW.attempts_made, NEW.stalled_count);
END;
CREATE TRIGGER audit_remove AFTER DELETE ON cofila_jobs BEGIN
    INSERT INTO audit VALUES (NULL, OLD.id, OLD.state, -1, '', OLD.attempts_started, OLD.attempts_made,
        OLD.stalled_count);
END;
)sql";

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
    };
    return legal.contains({was, now});
}

std::vector<std::string> split(const std::string& text, char at)
{
    std::vector<std::string> out;
    std::istringstream from{text};
    for (std::string word; std::getline(from, word, at);)
        out.push_back(word);
    return out;
}

}  // namespace

void verdict::complain(std::size_t verdict::* kind, const std::string& what)
{
    ++(this->*kind);
    if (complaints.size() < 20)
        complaints.push_back(what);
}

verdict& verdict::operator+=(const verdict& other)
{
    acknowledged += other.acknowledged;
    unknown += other.unknown;
    completed += other.completed;
    rescued += other.rescued;
    lost += other.lost;
    duplicated += other.duplicated;
    unexpected += other.unexpected;
    complaints.insert(complaints.end(), other.complaints.begin(), other.complaints.end());
    return *this;
}

void history::note(const std::string& line)
{
    const auto words = split(line, ' ');
    const auto& what = words.front();
    const auto rest = line.size() > what.size() ? line.substr(what.size() + 1) : std::string{};
    if (what == "add" || what == "added") {
        auto ids = rest;
        std::ranges::replace(ids, ' ', ',');
        adds_[ids] = adds_[ids] || what == "added";
    } else if (what == "run") {
        if (!runs_.insert({words.at(1), std::stoi(words.at(2))}).second)
            strange_.push_back("twice: " + line);
    } else if (what == "completed") {
        ++completed_[{words.at(1), std::stoi(words.at(2))}];
    } else if (what == "retrying") {
        ++retried_[{words.at(1), std::stoi(words.at(2))}];
    } else if (what != "stalled" && what != "promoted" && what != "resumed") {
        strange_.push_back(line);
    }
}

std::vector<std::string> history::unknown(const std::string& adder) const
{
    std::vector<std::string> out;
    for (const auto& [ids, acknowledged] : adds_)
        if (!acknowledged && ids.starts_with(adder + "-") &&
            std::ranges::none_of(split(ids, ','), [](const auto& id) { return plan_of(id).removed; }))
            out.push_back(ids);
    return out;
}

/// One look at the file.
class judgement {
public:
    judgement(const history& said, const std::string& database) : said_{said}, db_{database} {}

    verdict all()
    {
        for (const auto& line : said_.strange_)
            complain(&verdict::unexpected, line);
        read_trail();
        compare_adds();
        compare_outcomes();
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
    };

    void complain(std::size_t verdict::* kind, const std::string& what) { out_.complain(kind, what); }

    void read_trail()
    {
        SQLite::Statement row{db_, "SELECT id, was, now, token, started, made, stalled FROM audit ORDER BY n"};
        while (row.executeStep())
            step(
                row.getColumn(0).getString(),
                row.getColumn(1).getInt(),
                row.getColumn(2).getInt(),
                row.getColumn(3).getString(),
                {.claim = row.getColumn(4).getInt(),
                 .made = row.getColumn(5).getInt(),
                 .stalled = row.getColumn(6).getInt()}
            );
    }

    struct counters {
        int claim = 0;
        int made = 0;
        int stalled = 0;
    };

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
        if (now == completed && (!job.completions.insert(after.claim).second || job.completions.size() > 1))
            complain(&verdict::duplicated, "completed twice: " + text);
        if (was == active && after.made == job.made + 1 && now != completed)
            job.failed_attempts.insert(after.made);
        out_.rescued += after.stalled > job.stalled ? 1 : 0;
        job.state = now;
        job.made = after.made;
        job.stalled = after.stalled;
    }

    void compare_adds()
    {
        std::set<std::string> asked;
        for (const auto& [ids, acknowledged] : said_.adds_) {
            const auto jobs = split(ids, ',');
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
        for (const auto& [name, times] : said_.retried_) {
            const auto text = name.first + " " + std::to_string(name.second);
            if (!lives_[name.first].failed_attempts.contains(name.second))
                complain(&verdict::lost, "an acknowledged failure: " + text);
            if (times > 1)
                complain(&verdict::duplicated, "told as failed twice: " + text);
        }
    }

    void read_jobs()
    {
        std::set<std::string> there;
        SQLite::Statement row{
            db_,
            "SELECT id, state, coalesce(cofila_jobs.data, b.data), coalesce(cofila_jobs.result, b.result), "
            "attempts_started, attempts_made, stalled_count FROM cofila_jobs LEFT JOIN cofila_bodies b ON b.job = key"
        };
        while (row.executeStep()) {
            const auto id = row.getColumn(0).getString();
            there.insert(id);
            check_job(
                id,
                row.getColumn(1).getInt(),
                row.getColumn(2).getString(),
                row.getColumn(3).getString(),
                {.claim = row.getColumn(4).getInt(),
                 .made = row.getColumn(5).getInt(),
                 .stalled = row.getColumn(6).getInt()}
            );
        }
        for (const auto& [id, job] : lives_)
            if (!there.contains(id) && job.state != absent)
                complain(&verdict::lost, "a job that nobody removed: " + id);
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
        if (last.claim != last.made + last.stalled)
            complain(&verdict::unexpected, "not as many ends as claims: " + text);
    }

    const history& said_;
    SQLite::Database db_;
    std::map<std::string, life> lives_{};
    std::set<std::string> tokens_{};
    verdict out_{};
};

verdict history::judge(const std::string& database) const { return judgement{*this, database}.all(); }

}  // namespace cofila::test
