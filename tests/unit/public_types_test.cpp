#include <cofila/error.hpp>
#include <cofila/job_id.hpp>
#include <cofila/job_state.hpp>
#include <cofila/retention.hpp>

#include <chrono>
#include <functional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include "support/print.hpp"

using namespace cofila;

TEST_SUITE_BEGIN("public types");

TEST_CASE("an error has its code, its field and a text that starts with the field")
{
    const error plain{errc::not_found, "there is no job a"};
    CHECK(plain.code() == errc::not_found);
    CHECK(std::string_view{plain.what()} == "there is no job a");
    CHECK(plain.field() == "");
    const error named{errc::invalid_argument, "priority", "must be positive"};
    CHECK(named.code() == errc::invalid_argument);
    CHECK(std::string_view{named.what()} == "priority must be positive");
    CHECK(named.field() == "priority");
    const error copy = named;
    CHECK(std::string_view{copy.what()} == "priority must be positive");
}

TEST_CASE("an error is caught as a system_error and as a standard exception")
{
    CHECK_THROWS_AS((throw error{errc::closed, "closed"}), boost::system::system_error);
    CHECK_THROWS_WITH((throw error{errc::closed, "the queue has been closed"}), "the queue has been closed");
}

TEST_CASE("every code has a message of its own")
{
    std::set<std::string> messages;
    const int last = static_cast<int>(errc::internal);
    for (int code = 1; code <= last; ++code)
        messages.insert(error_category().message(code));
    CHECK(messages.size() == static_cast<std::size_t>(last));
    CHECK_FALSE(messages.contains("unknown error"));
    CHECK(error_category().message(0) == "unknown error");
    CHECK(error_category().message(last + 1) == "unknown error");
    CHECK(std::string_view{error_category().name()} == "cofila");
    const boost::system::error_code code = errc::lock_lost;
    CHECK(code.category() == error_category());
    CHECK(code.message() == "lock lost");
}

TEST_CASE("a state has the number and the name that are stored")
{
    struct {
        job_state state;
        int number;
        std::string_view name;
        bool finished;
    } const cases[] = {
        {job_state::waiting, 0, "waiting", false},
        {job_state::delayed, 1, "delayed", false},
        {job_state::active, 2, "active", false},
        {job_state::waiting_children, 3, "waiting_children", false},
        {job_state::completed, 4, "completed", true},
        {job_state::failed, 5, "failed", true},
    };
    for (const auto& c : cases) {
        CHECK(static_cast<int>(c.state) == c.number);
        CHECK(to_string(c.state) == c.name);
        std::ostringstream out;
        out << c.state;
        CHECK(out.str() == c.name);
        CHECK(is_finished(c.state) == c.finished);
    }
    CHECK(to_string(static_cast<job_state>(99)) == "unknown");
}

TEST_CASE("ids are compared, ordered, hashed and printed by their text")
{
    const job_id a{"a"};
    CHECK(a == job_id{std::string{"a"}});
    CHECK(a == job_id{std::string_view{"a"}});
    CHECK(a != job_id{"A"});
    CHECK(a < job_id{"aa"});
    CHECK(job_id{"Z"} < a);
    CHECK(job_id{}.empty());
    CHECK_FALSE(a.empty());
    CHECK(std::hash<job_id>{}(a) == std::hash<job_id>{}(job_id{"a"}));
    std::ostringstream out;
    out << job_id{"it's"};
    CHECK(out.str() == "it's");
}

TEST_CASE("retentions are made by name")
{
    CHECK((retention::keep_all() == retention{}));
    CHECK(retention::remove_at_once().remove);
    CHECK(retention::keep_for(std::chrono::hours{1}).age == seconds{3600});
    CHECK(retention::keep_last(3).count == 3u);
}

TEST_SUITE_END();
