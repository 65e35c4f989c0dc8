#pragma once
#include <cofila/cofila.hpp>

#include <boost/json/value.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>
