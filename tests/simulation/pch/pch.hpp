#pragma once
#include <cofila/engine.hpp>
#include <cofila/job_repository.hpp>
#include <cofila/worker.hpp>

#include "../../../lib/pch/pch.hpp"
