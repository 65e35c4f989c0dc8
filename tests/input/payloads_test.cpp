// Payloads that are too much or no JSON: on the way in, through a file, and on the way out.
#include <boost/describe/class.hpp>

#include <cmath>
#include <string>
#include <vector>

#include "input/on_file.hpp"
#include "support/nested_json.hpp"
#include "support/print.hpp"
#include "unit/application/app.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("bad input: payloads");

namespace {

struct odd_numbers {
    double half = 0;
    std::int64_t least = 0;
    std::uint64_t most = 0;
};
BOOST_DESCRIBE_STRUCT(odd_numbers, (), (half, least, most))

boost::json::value nested_value(int levels)
{
    boost::json::value value;
    for (int i = 0; i < levels; ++i) {
        boost::json::array outer;
        outer.push_back(std::move(value));
        value = std::move(outer);
    }
    return value;
}

asio::awaitable<thrown_error> add_text(queue<raw_json> to, std::string text)
{
    raw_json data{std::move(text)};
    co_return co_await error_of(to.add("x", std::move(data)));
}

}  // namespace

TEST_CASE("F67: 10 MB of data, a result or progress are refused before the store hears of them")
{
    run_app([](app& a) -> asio::awaitable<void> {
        const auto q = a.engine.queue<std::string, std::string>("q");
        (void)co_await q.add("x", "small", {.id = "a"});
        auto taken = co_await q.fetch_next_and_lock({});
        REQUIRE(taken.size() == 1);
        const int adds = a.store->calls(op::add);
        const int settlements = a.store->calls(op::settle);
        const std::string big(std::size_t{10} << 20, 'x');

        const auto added = co_await error_of(q.add("x", big));
        CHECK(added.code == errc::payload_too_large);
        CHECK(added.text.find("10485762") != std::string::npos);  // with its quotes
        std::vector<job_spec<std::string>> specs{{.name = "x", .data = "small"}, {.name = "x", .data = big}};
        const auto bulk = co_await error_of(q.add_bulk(std::move(specs)));
        CHECK(bulk.code == errc::payload_too_large);
        CHECK(bulk.text.starts_with("[1]."));
        const auto finished = co_await error_of(q.complete(taken.front().claim, big));
        CHECK(finished.code == errc::payload_too_large);
        boost::json::value value = boost::json::string(big.size(), 'x');
        const auto reported = co_await error_of(taken.front().job.update_progress(std::move(value)));
        CHECK(reported.code == errc::payload_too_large);

        CHECK(a.store->calls(op::add) == adds);
        CHECK(a.store->calls(op::settle) == settlements);
        CHECK(a.store->calls(op::progress) == 0);
    });
}

TEST_CASE("F67: data of just the limit goes through a file and back, one byte more does not")
{
    run_on_file([](engine& on) -> asio::awaitable<void> {
        const auto q = on.queue<raw_json>("q");
        const std::string limit = '"' + std::string((std::size_t{1} << 20) - 2, 'x') + '"';
        raw_json data{limit};
        (void)co_await q.add("x", std::move(data), {.id = "a"});
        const auto found = co_await q.get_job("a");
        REQUIRE(found);
        CHECK((found->data().text == limit));
        const auto e = co_await add_text(q, limit + ' ');
        CHECK(e.code == errc::payload_too_large);
    });
}

TEST_CASE("F68, F70: JSON text goes through a file as it was given, digit for digit")
{
    const char* const texts[] = {
        "-0",
        "-0.0",
        "1e308",
        "123456789012345678901234567890",
        "0.1000000000000000055511151231257827021181583404541015625",
        "18446744073709551616",
        "-9223372036854775809",
        R"({"twice":1,"twice":2})",
        R"({"":{"":0}})",
        R"("\u0000\u001b[2J\u202e")",
        R"("\ud83d\ude00")",
        " [ 1 ,\t2 ] \r\n",
    };
    run_on_file([&](engine& on) -> asio::awaitable<void> {
        const auto q = on.queue<raw_json, raw_json>("q");
        for (const std::string text : texts) {
            INFO(text);
            raw_json data{text};
            const auto job = co_await q.add("x", std::move(data));
            const auto taken = co_await q.fetch_next_and_lock({});
            REQUIRE(taken.size() == 1);
            CHECK(taken.front().job.data().text == text);
            raw_json result{text};
            co_await q.complete(taken.front().claim, std::move(result));
            const auto found = co_await q.get_job(job.id());
            REQUIRE(found);
            CHECK(found->data().text == text);
            CHECK(found->result()->text == text);
        }
    });
}

TEST_CASE("F68, F69, F70: what is no JSON, or more than can be read back, is refused by the queue with its place")
{
    const std::string texts[] = {
        "",
        " ",
        "\xEF\xBB\xBF{}",            // a byte order mark
        std::string{"\"a\0b\"", 5},  // a zero
        "\"\x1B\"",                  // a control character
        "\"\xC3\x28\"",              // no UTF-8
        "\"\xC0\xAF\"",              // overlong
        "\"\xED\xA0\x80\"",          // a surrogate, in UTF-8
        R"("\ud800")",               // a lone surrogate, leading
        R"("\udc00")",               // and trailing
        R"("\ud800\u0041")",
        "1e999",
        "-1e999",
        "NaN",
        "Infinity",
        "{\"a\":1,}",
        "{} {}",
        "{\"a\":1} // comment",
        nested_json(65),
        nested_json(10'000),
        std::string(10'000, '['),
    };
    run_app([&](app& a) -> asio::awaitable<void> {
        const auto q = a.engine.queue<raw_json>("q");
        for (const auto& text : texts) {
            INFO(text.substr(0, 40));
            const auto e = co_await add_text(q, text);
            CHECK(e.code == errc::invalid_argument);
            CHECK(e.field == "data");
            CHECK(e.text.find("byte") != std::string::npos);
        }
        CHECK(a.store->calls(op::add) == 0);
        for (const std::size_t levels : {1u, 33u, 64u}) {
            const auto e = co_await add_text(q, nested_json(levels));
            CHECK_MESSAGE(!e.code, levels);
        }
    });
}

TEST_CASE("F69, F70: values of C++ that are no JSON are refused as texts are")
{
    run_app([](app& a) -> asio::awaitable<void> {
        const auto q = a.engine.queue("q");
        const boost::json::value values[] = {
            std::nan(""),
            std::numeric_limits<double>::infinity(),
            boost::json::value{{"a", {1, -std::numeric_limits<double>::infinity()}}},
            "\xFF",
            nested_value(65),
            nested_value(2000),
        };
        for (const auto& value : values) {
            const auto e = co_await error_of(q.add("x", value));
            CHECK(e.code == errc::invalid_argument);
            CHECK(e.field == "data");
        }
        const auto deepest = co_await error_of(q.add("x", nested_value(64)));
        CHECK_FALSE(deepest.code);
        const auto job = co_await q.add("x", 1);
        const auto progress = co_await error_of(job.update_progress(std::nan("")));
        CHECK(progress.code == errc::invalid_argument);
        CHECK(progress.field == "progress");
    });
}

TEST_CASE("numbers at the ends of their types survive a file")
{
    run_on_file([](engine& on) -> asio::awaitable<void> {
        const auto q = on.queue<odd_numbers>("q");
        const odd_numbers data{
            .half = -0.0,
            .least = std::numeric_limits<std::int64_t>::min(),
            .most = std::numeric_limits<std::uint64_t>::max()
        };
        const auto job = co_await q.add("x", data, {.id = "a"});
        const auto found = co_await q.get_job("a");
        REQUIRE(found);
        CHECK(std::signbit(found->data().half));
        CHECK(found->data().least == data.least);
        CHECK(found->data().most == data.most);
    });
}

TEST_CASE("what fits no number of the payload's type is undecodable, and the text is still there to look at")
{
    run_on_file([](engine& on) -> asio::awaitable<void> {
        const auto raw = on.queue<raw_json>("q");
        const auto typed = on.queue<odd_numbers>("q");
        raw_json data{R"({"least":9223372036854775808})"};
        (void)co_await raw.add("x", std::move(data), {.id = "a"});
        const auto found = co_await typed.get_job("a");
        REQUIRE(found);
        const auto e = error_of([&] { (void)found->data(); });
        CHECK(e.code == errc::payload_undecodable);
        CHECK(e.text.find("$.least") != std::string::npos);
        const auto text = co_await raw.get_job("a");
        REQUIRE(text);
        CHECK(text->data().text == R"({"least":9223372036854775808})");
    });
}

TEST_SUITE_END();
