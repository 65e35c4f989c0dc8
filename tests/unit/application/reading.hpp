#pragma once
#include <boost/describe/class.hpp>

#include <string>
#include <vector>

#include "app.hpp"

namespace cofila::test {

struct reading {
    double value = 0;
    std::string note{};
};
BOOST_DESCRIBE_STRUCT(reading, (), (value, note))

}  // namespace cofila::test
