// Does not compile. undescribed.py finds each text of the other comments among what the compiler says.
#include <cofila/codec.hpp>

#include <boost/describe/class.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

struct payload {
    std::string street;
};
// payload_type<payload, false>
// cofila cannot convert this type to JSON and back: describe it, next to its definition, with BOOST_DESCRIBE_STRUCT(
std::string written(const payload& value) { return cofila::encode(value); }

enum class result { good, bad };
// payload_type<result, false>
// or BOOST_DESCRIBE_ENUM(type, names), or give it a tag_invoke for Boost.JSON
result returned(std::string_view text) { return cofila::decode<result>(text); }

struct inner {
    int x = 0;
};
struct outer {
    std::vector<inner> parts;
};
BOOST_DESCRIBE_STRUCT(outer, (), (parts))
// payload_type<inner, false>
outer nested(std::string_view text) { return cofila::decode<outer>(text); }

struct unmade {
    explicit unmade(int value) : worth{value} {}
    int worth;
};
BOOST_DESCRIBE_STRUCT(unmade, (), (worth))
// give this type a default constructor
unmade unmakeable(std::string_view text) { return cofila::decode<unmade>(text); }

// payload_type<std::basic_string_view<char>, false>
std::string_view borrowed(std::string_view text) { return cofila::decode<std::string_view>(text); }

// those of other clocks mean nothing in another process
std::string steady(std::chrono::steady_clock::time_point time) { return cofila::encode(time); }
