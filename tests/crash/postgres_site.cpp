#include "postgres_site.hpp"

#include <cofila/clock.hpp>

#include <regex>
#include <utility>

#include "postgres/schema.hpp"
#include "postgres/statements.hpp"
#include "support/child_process.hpp"

namespace cofila::test {

namespace {

// A row is written in the transaction that makes the change. The lock that ends is that of the row as it was.
constexpr const char* trail = R"sql(
CREATE TABLE audit (
    n bigserial PRIMARY KEY, key bigint, id text, was int, now int, token text, started int, made int, stalled int
);
CREATE INDEX audit_key ON audit (key, n);
CREATE FUNCTION note(of_key bigint, was int, now int, token text, started int, made int, stalled int)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO public.audit (key, id, was, now, token, started, made, stalled)
        SELECT key, cofila.id_of(key, id, random), was, now, coalesce(token, ''), started, made, stalled
        FROM cofila.jobs WHERE key = of_key
$$;
CREATE FUNCTION note_live() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was int := CASE WHEN TG_OP = 'UPDATE' THEN OLD.state ELSE coalesce(NEW.was, -1) END;
BEGIN
    IF TG_OP = 'INSERT' OR OLD.state <> NEW.state THEN
        PERFORM public.note(NEW.key, was, NEW.state, CASE WHEN was = 2 THEN OLD.token ELSE NEW.token END,
                            NEW.attempts_started, NEW.attempts_made, NEW.stalled_count);
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION note_finished() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM public.note(NEW.key, NEW.was, NEW.state, NEW.token, NEW.attempts_started, NEW.attempts_made,
                        NEW.stalled_count);
    RETURN NULL;
END $$;
CREATE FUNCTION note_removed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last public.audit;
BEGIN
    SELECT * INTO last FROM public.audit WHERE key = OLD.key ORDER BY n DESC LIMIT 1;
    PERFORM public.note(OLD.key, last.now, -1, '', last.started, last.made, last.stalled);
    RETURN OLD;
END $$;
CREATE TRIGGER audit AFTER INSERT OR UPDATE ON cofila.live FOR EACH ROW EXECUTE FUNCTION note_live();
CREATE TRIGGER audit AFTER INSERT ON cofila.finished FOR EACH ROW EXECUTE FUNCTION note_finished();
CREATE TRIGGER audit BEFORE DELETE ON cofila.jobs FOR EACH ROW EXECUTE FUNCTION note_removed();
)sql";

constexpr const char* out_of_place = R"sql(
SELECT EXISTS (SELECT 1 FROM cofila.jobs AS j WHERE (SELECT count(*) FROM cofila.live AS l WHERE l.key = j.key) +
    (SELECT count(*) FROM cofila.finished AS f WHERE f.key = j.key) <> 1)
OR EXISTS (SELECT 1 FROM cofila.live AS l WHERE NOT EXISTS (SELECT 1 FROM cofila.jobs AS j WHERE j.key = l.key))
OR EXISTS (SELECT 1 FROM cofila.finished AS l WHERE NOT EXISTS (SELECT 1 FROM cofila.jobs AS j WHERE j.key = l.key))
)sql";

postgres::link connection_to(const std::string& target)
{
    return postgres::link{{.target = target, .clock = system_clock()}};
}

std::string next_name()
{
    static int count = 0;
    return "site" + std::to_string(++count);
}

store_contents::counters counters_in(const postgres::rows& row, int first)
{
    return {
        .claim = static_cast<int>(row.number(first)),
        .made = static_cast<int>(row.number(first + 1)),
        .stalled = static_cast<int>(row.number(first + 2))
    };
}

}  // namespace

postgres_site::postgres_site(std::string server) : server_{std::move(server)}, name_{next_name()}
{
    connection_to(server_).run("CREATE DATABASE " + name_);
    auto here = connection_to(target());
    postgres::open_schema(here);
    here.run("SET search_path = public");
    here.run(trail);
}

std::string postgres_site::target() const
{
    static const std::regex any{"dbname=\\w+"};
    return std::regex_replace(server_, any, "dbname=" + name_);
}

std::vector<std::string> postgres_site::as(const std::string& role, const std::vector<std::string>& rest) const
{
    std::vector<std::string> out{program("COFILA_CRASH_CHILD"), role, target()};
    out.insert(out.end(), rest.begin(), rest.end());
    return out;
}

bool postgres_site::is_paused() const
{
    return ask("SELECT coalesce(bool_or(paused), false) FROM cofila.queues") == "t";
}

std::string ask_server(const std::string& target, const std::string& sql)
{
    postgres::rows row{connection_to(target).run(sql)};
    return row.step() ? row.text(0) : std::string{};
}

store_contents postgres_site::contents() const
{
    store_contents out;
    auto link = connection_to(target());
    postgres::rows step{link.run("SELECT id, was, now, token, started, made, stalled FROM public.audit ORDER BY n")};
    while (step.step())
        out.trail.push_back(
            {.id = step.text(0),
             .was = static_cast<int>(step.number(1)),
             .now = static_cast<int>(step.number(2)),
             .token = step.text(3),
             .after = counters_in(step, 4)}
        );
    postgres::rows job{link.run("SELECT job_id, state, data, result, attempts_started, attempts_made, stalled_count "
                                "FROM cofila.job_rows")};
    while (job.step())
        out.jobs.push_back(
            {.id = job.text(0),
             .state = static_cast<int>(job.number(1)),
             .data = job.text(2),
             .result = job.text(3),
             .last = counters_in(job, 4)}
        );
    postgres::rows misplaced{link.run(out_of_place)};
    out.is_out_of_place = misplaced.step() && misplaced.number(0) != 0;
    return out;
}

}  // namespace cofila::test
