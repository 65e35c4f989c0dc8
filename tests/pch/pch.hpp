#pragma once
#include <cofila/cofila.hpp>
#include <cofila/job_repository.hpp>
#include <cofila/memory.hpp>

#include <doctest/doctest.h>

#include "../../lib/pch/pch.hpp"
