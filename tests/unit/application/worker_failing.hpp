#pragma once
#include <string>
#include <vector>

#include "app.hpp"
#include "recorder.hpp"

namespace cofila::test {

inline lines without(lines all, const std::string& line)
{
    std::erase(all, line);
    return all;
}

}  // namespace cofila::test
