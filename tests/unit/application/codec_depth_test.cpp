// How deeply what is written as JSON may be nested.
#include <cofila/codec.hpp>

#include <boost/describe/class.hpp>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "round_trip.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("codec: depth");

namespace {

struct corner {
    int x = 1;
    int y = 2;
};
BOOST_DESCRIBE_STRUCT(corner, (), (x, y))

struct tree {
    std::vector<tree> branches{};
    std::unique_ptr<tree> root{};
};
BOOST_DESCRIBE_STRUCT(tree, (), (branches, root))

struct chain {
    std::unique_ptr<chain> next{};
};
BOOST_DESCRIBE_STRUCT(chain, (), (next))

/// Has an `end` at each level.
template <class T>
struct nest {
    std::unique_ptr<nest> below{};
    T end{};
    BOOST_DESCRIBE_CLASS(nest, (), (below, end), (), ())
};

/// One within the other, this many times.
template <class T>
T grown(int levels, std::unique_ptr<T> T::* inner)
{
    T out;
    for (int i = 0; i < levels; ++i) {
        auto above = std::make_unique<T>(std::move(out));
        out = T{};
        out.*inner = std::move(above);
    }
    return out;
}

/// An `end` of this type, empty or not, is a level of its own, for those who write as for those who read.
template <class T>
void is_one_level()
{
    const auto fits = encode(grown(62, &nest<T>::below));
    CHECK(encode(decode<nest<T>>(fits)) == fits);
    CHECK(unencodable(grown(63, &nest<T>::below)).ends_with(".below.end is nested deeper than 64 levels"));
    CHECK(undecodable<nest<T>>(R"({"below":)" + fits + "}").starts_with("$: the text is not JSON"));
}

/// A path of 64 names.
std::string path_of(const std::string& name)
{
    std::string out = "$";
    for (int i = 0; i < 64; ++i)
        out += '.' + name;
    return out;
}

}  // namespace

TEST_CASE("a type that contains itself is refused beyond 64 levels, before the stack is used up")
{
    const std::string too_deep = " is nested deeper than 64 levels";
    const auto longest = encode(grown(63, &chain::next));
    CHECK(encode(decode<chain>(longest)) == longest);
    CHECK(unencodable(grown(64, &chain::next)) == path_of("next") + too_deep);
    const auto highest = encode(grown(62, &tree::root));  // the list of branches of the last one is the 64th level
    CHECK(encode(decode<tree>(highest)) == highest);
    for (const int levels : {63, 1'000})
        CHECK(unencodable(grown(levels, &tree::root)).ends_with(".root.branches" + too_deep));
}

TEST_CASE("the 64th level may be of any type, and nothing that opens another one is written below it")
{
    is_one_level<corner>();
    is_one_level<std::vector<int>>();
    is_one_level<std::set<std::string>>();
    is_one_level<std::map<std::string, int>>();
    is_one_level<std::map<int, int>>();
    is_one_level<std::array<int, 2>>();
    is_one_level<std::pair<int, int>>();
    is_one_level<std::variant<int, bool>>();
    is_one_level<boost::json::array>();
    is_one_level<boost::json::object>();
    const auto numbers = encode(grown(63, &nest<int>::below));
    CHECK(encode(decode<nest<int>>(numbers)) == numbers);
}

TEST_CASE("a JSON value is refused beyond 64 levels, counted from the text's beginning")
{
    using boost::json::value;
    value list = boost::json::array{};
    for (int i = 1; i < 64; ++i)
        list = boost::json::array{1, std::move(list)};
    CHECK(encode(decode<value>(encode(list))) == encode(list));
    const value beyond{{"a", list}};
    CHECK(unencodable(beyond).starts_with("$.a[1][1]"));
    CHECK(unencodable(std::vector{list}).ends_with("[1] is nested deeper than 64 levels"));
}

TEST_SUITE_END();
