// What a processor may throw.
#include <boost/asio/error.hpp>
#include <boost/exception/errinfo_errno.hpp>
#include <boost/exception/info.hpp>

#include <exception>
#include <functional>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "app.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: failures");

namespace {

using int_job = job<int, int>;

struct own_error : std::exception, boost::exception {
    const char* what() const noexcept override { return "own"; }
};

struct silent_error : std::exception {
    const char* what() const noexcept override { return nullptr; }
};

struct not_std {};

struct own_unrecoverable : unrecoverable_error {
    using unrecoverable_error::unrecoverable_error;
};

[[noreturn]] void throw_nested()
{
    try {
        try {
            throw std::out_of_range{"innermost"};
        } catch (...) {
            std::throw_with_nested(std::logic_error{"middle"});
        }
    } catch (...) {
        std::throw_with_nested(std::runtime_error{"outer"});
    }
}

struct thrown {
    std::string name;
    std::function<void()> act;
    failure expected;
};

const std::vector<thrown>& exceptions()
{
    static const std::vector<thrown> all{
        {"std::exception", [] { throw std::runtime_error{"boom"}; }, {.message = "boom", .type = "std::runtime_error"}},
        {"std::bad_alloc", [] { throw std::bad_alloc{}; }, {.message = "std::bad_alloc", .type = "std::bad_alloc"}},
        {"nested",
         throw_nested,
         {.message = "outer",
          .type = "std::_Nested_exception<std::runtime_error>",
          .detail = "caused by std::_Nested_exception<std::logic_error>: middle\ncaused by std::out_of_range: innermost"
         }},
        {"system_error",
         [] { throw boost::system::system_error{boost::asio::error::eof, "read"}; },
         {.message = "read: End of file [asio.misc:2]", .type = "boost::system::system_error"}},
        {"cofila::error",
         [] { throw error{errc::storage_full, "no space"}; },
         {.message = "no space", .type = "cofila::error"}},
        {"int", [] { throw 42; }, {.message = "exception of a type not derived from std::exception", .type = "unknown"}
        },
        {"struct",
         [] { throw not_std{}; },
         {.message = "exception of a type not derived from std::exception", .type = "unknown"}},
        {"const char*", [] { throw "text"; }, {.message = "text", .type = "const char*"}},
        {"null const char*", [] { throw static_cast<const char*>(nullptr); }, {.message = "", .type = "const char*"}},
        {"std::string", [] { throw std::string{"text"}; }, {.message = "text", .type = "std::string"}},
        {"what() returns nothing", [] { throw silent_error{}; }, {.message = ""}},
        {"unrecoverable_error",
         [] { throw unrecoverable_error{"no use"}; },
         {.message = "no use", .type = "cofila::unrecoverable_error", .unrecoverable = true}},
        {"derived from unrecoverable_error",
         [] { throw own_unrecoverable{"no use"}; },
         {.message = "no use", .unrecoverable = true}},
    };
    return all;
}

}  // namespace

QUEUE_CASE("F81: a processor may throw anything: the attempt fails, with text, type and detail, and the worker goes on")
{
    const auto act = [](int_job job) -> asio::awaitable<int> {
        exceptions().at(static_cast<std::size_t>(job.data())).act();
        co_return 0;
    };
    recorder own;
    shift worker{own, queue, act};
    for (std::size_t i = 0; i < exceptions().size(); ++i) {
        const auto& c = exceptions()[i];
        INFO(c.name);
        own.take();
        const auto added = co_await queue.add("x", static_cast<int>(i), {.attempts = 2, .backoff = backoff::fixed(1h)});
        co_await settle();
        const auto job = co_await stored(a, "q", added.id());
        CHECK(job.state == (c.expected.unrecoverable ? job_state::failed : job_state::delayed));
        CHECK(job.attempts_made == 1);
        REQUIRE(job.attempts.size() == 1);
        const auto& failed = job.attempts[0];
        CHECK(failed.number == 1);
        CHECK(failed.worker == worker.id());
        CHECK(failed.error.message == c.expected.message);
        if (!c.expected.type.empty())
            CHECK(failed.error.type == c.expected.type);
        CHECK(failed.error.detail == c.expected.detail);
        CHECK(failed.error.unrecoverable == c.expected.unrecoverable);
        CHECK(job.failed_reason == c.expected.message);
        CHECK(own.take().back() == "job_errored " + added.id().str() + " x " + c.expected.message);
    }
    co_await worker.finish();
}

QUEUE_CASE("what Boost attached to an exception is in the failure's detail")
{
    const auto act = [](int_job) -> asio::awaitable<int> {
        throw boost::enable_error_info(own_error{}) << boost::errinfo_errno{28};
        co_return 0;
    };
    shift worker{queue, act};
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.failed_reason == "own");
    REQUIRE(job.attempts.size() == 1);
    CHECK(job.attempts[0].error.detail.find("28, \"No space left on device\"") != std::string::npos);
    co_await worker.finish();
}

QUEUE_CASE("a processor that throws before its first suspension, or is no coroutine, fails the attempt too")
{
    const auto plain = [](int_job) -> asio::awaitable<int> { throw std::runtime_error{"at once"}; };
    shift worker{queue, plain};
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.failed_reason == "at once");
    co_await worker.finish();
}

TEST_SUITE_END();
