#pragma once
#include <cofila/codec.hpp>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "round_trip.hpp"

namespace cofila::test {

enum class colour { red, green };
BOOST_DESCRIBE_ENUM(colour, red, green)

struct point {
    int x = 1;
    int y = 2;
    friend bool operator==(const point&, const point&) = default;
};
BOOST_DESCRIBE_STRUCT(point, (), (x, y))

struct shape {
    std::string name{};
    colour paint = colour::red;
    std::optional<point> centre{};
    std::vector<point> corners{};
    std::map<std::string, point> marks{};
    friend bool operator==(const shape&, const shape&) = default;
};
BOOST_DESCRIBE_STRUCT(shape, (), (name, paint, centre, corners, marks))

}  // namespace cofila::test
