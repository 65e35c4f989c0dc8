// Strict decoding, for programs that would rather see a job fail than run on data meant for another type.
#include <boost/describe/class.hpp>

#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "app.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("strict decoding");

namespace {

struct parcel {
    std::string street{};
    int weight = 1;
};
BOOST_DESCRIBE_STRUCT(parcel, (), (street, weight))

struct heavy_parcel : parcel {
    int crane = 0;
};
BOOST_DESCRIBE_STRUCT(heavy_parcel, (parcel), (crane))

struct nothing_in_it {};
BOOST_DESCRIBE_STRUCT(nothing_in_it, (), ())

struct shipment {
    std::vector<parcel> parcels{};
    boost::json::value notes{};
};
BOOST_DESCRIBE_STRUCT(shipment, (), (parcels, notes))

template <class T>
std::string refusal(std::string_view text)
{
    decode<T>(text);  // what is lenient accepts it
    const auto e = error_of([&] { decode<T>(text, decoding::strict); });
    CHECK(e.code == errc::payload_undecodable);
    return e.text;
}

}  // namespace

TEST_CASE("an object with none of the members that its type has is refused")
{
    constexpr auto none = "$: object has none of the members that its type has";
    CHECK(refusal<parcel>(R"({"to":"ada","subject":"Hello"})") == none);
    CHECK(refusal<parcel>("{}") == none);
    CHECK(
        refusal<shipment>(R"({"parcels":[{"street":"Elm"},{"to":"x"}]})") ==
        "$.parcels[1]: object has none of the members that its type has"
    );
}

TEST_CASE("a member that the type does not have is refused by name")
{
    CHECK(refusal<parcel>(R"({"street":"Elm","wieght":2})") == "$.wieght: its type has no such member");
    CHECK(refusal<heavy_parcel>(R"({"street":"Elm","x":2})") == "$.x: its type has no such member");
    CHECK(refusal<nothing_in_it>(R"({"x":1})") == "$.x: its type has no such member");
    using parcels = std::map<std::string, std::pair<int, parcel>>;
    CHECK(refusal<parcels>(R"({"a":[1,{"weight":2,"x":3}]})") == "$.a[1].x: its type has no such member");
    using either = std::variant<int, parcel>;
    CHECK(refusal<either>(R"({"index":1,"value":{"weight":2,"x":3}})") == "$.value.x: its type has no such member");
}

TEST_CASE("absent members keep their initialiser, and what is no described struct is read as ever")
{
    CHECK(decode<parcel>(R"({"street":"Elm"})", decoding::strict).weight == 1);
    CHECK(decode<heavy_parcel>(R"({"street":"Elm","crane":1})", decoding::strict).crane == 1);
    decode<nothing_in_it>("{}", decoding::strict);
    CHECK(decode<shipment>(R"({"notes":{"anything":1}})", decoding::strict).parcels.empty());
}

APP_CASE("a job of a strict queue whose data is meant for another type fails instead of running on defaults")
{
    auto anything = a.engine.queue("q", {.decoding = decoding::strict});
    co_await anything.add("x", boost::json::value{{"to", "ada"}}, {.id = "a"});
    auto parcels = a.engine.queue<parcel, int>("q");
    int ran = 0;
    shift worker{parcels, [&](job<parcel, int> job) -> asio::awaitable<int> {
                     const auto what = job.data();
                     ++ran;
                     co_return what.weight;
                 }};
    const auto e = co_await error_of(parcels.wait_until_finished("a", 1s));
    CHECK(e.code == errc::job_failed);
    CHECK(e.text.ends_with("$: object has none of the members that its type has"));
    CHECK(ran == 0);
    co_await worker.finish();
}

APP_CASE("a result is read by the same rule")
{
    auto anything = a.engine.queue("q", {.decoding = decoding::strict});
    co_await anything.add("x", {}, {.id = "a"});
    auto taken = co_await anything.fetch_next_and_lock({});
    co_await anything.complete(taken.at(0).claim, boost::json::value{{"to", "ada"}});
    auto parcels = a.engine.queue<boost::json::value, parcel>("q");
    const auto job = (co_await parcels.get_job("a")).value();
    const auto by_queue = co_await error_of(parcels.wait_until_finished("a", 1s));
    CHECK(by_queue.code == errc::payload_undecodable);
    const auto by_job = co_await error_of(job.wait_until_finished(1s));
    CHECK(by_job.code == errc::payload_undecodable);
    CHECK(error_of([&] { (void)job.result(); }).code == errc::payload_undecodable);
}

TEST_SUITE_END();
