#pragma once
#include <cofila/cofila.hpp>
#include <cofila/memory.hpp>
#include <cofila/repository/job_repository.hpp>

#include <doctest/doctest.h>

#include "../../lib/pch/pch.hpp"
