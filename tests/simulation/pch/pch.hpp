#pragma once
#include <cofila/engine.hpp>
#include <cofila/repository/job_repository.hpp>
#include <cofila/worker.hpp>

#include "../../../lib/pch/pch.hpp"
