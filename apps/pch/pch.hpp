#pragma once
#include <boost/json/value.hpp>
#include <cofila/cofila.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>
