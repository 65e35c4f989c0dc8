#pragma once
/// Includes what a program with coroutines needs. Not included: `cofila/sqlite.hpp`, for transactions of your own,
/// which needs SQLiteCpp; `cofila/blocking.hpp`, for programs without coroutines; `cofila/memory.hpp` and
/// `cofila/testing.hpp`, which only tests need.
#include <cofila/engine.hpp>
#include <cofila/error.hpp>
#include <cofila/event_stream.hpp>
#include <cofila/events.hpp>
#include <cofila/job.hpp>
#include <cofila/queue.hpp>
#include <cofila/run_main.hpp>
#include <cofila/stop_on_signal.hpp>
#include <cofila/worker.hpp>
