#pragma once
#include <doctest/doctest.h>

#include "../../lib/pch/pch.hpp"
