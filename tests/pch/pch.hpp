#pragma once
#include <cofila/cofila.hpp>

#include <doctest/doctest.h>

#include "../../lib/pch/pch.hpp"
