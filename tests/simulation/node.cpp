#include "node.hpp"

#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <utility>

#include "ask.hpp"
#include "async/one_thread.hpp"
#include "clients.hpp"
#include "probes.hpp"
#include "simulated_watch.hpp"
#include "sqlite/repository.hpp"
#include "watched_repository.hpp"

namespace cofila::sim {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

class simulated_processes final : public process_table {
public:
    simulated_processes(const world& of, int number) : world_{of}, number_{number} {}

    process_identity self() const override
    {
        return {.boot_id = "simulated", .pid_namespace = 1, .pid = number_, .start_time = 1};
    }
    bool is_dead(const process_identity& process) const override
    {
        return world_.chosen.knows_dead && !world_.is_alive(process.pid);
    }

private:
    const world& world_;
    const int number_;
};

class drawn_numbers final : public random_source {
public:
    explicit drawn_numbers(dice& from) : from_{from} {}
    std::uint64_t next() override { return from_.next(); }

private:
    dice& from_;
};

}  // namespace

node::node(world& of, int which, int where) : around{of}, number{which}, place{where}
{
    const auto& like = of.chosen;
    const node_clock::options clock{
        .skew = chance().between(-like.longest_skew, like.longest_skew),
        .parts_per_million = chance().between(-like.parts_per_million, like.parts_per_million)
    };
    clock_ = std::make_shared<node_clock>(of.time_line, clock);
    for (auto* const one : lanes_)
        of.time_line.add(*one);
}

node::~node() = default;

void node::start() { spawn(live()); }

void node::spawn_caller(asio::awaitable<void> work)
{
    const bool elsewhere = chance().perhaps(around.chosen.elsewhere);
    reach_if(elsewhere, probe::called_from_elsewhere);
    spawn_on(elsewhere ? sim::executor{elsewhere_} : sim::executor{loop_}, std::move(work));
}

void node::spawn_on(asio::any_io_executor where, asio::awaitable<void> work)
{
    ++coroutines_;
    asio::co_spawn(std::move(where), std::move(work), [self = shared_from_this()](const std::exception_ptr& thrown) {
        --self->coroutines_;
        if (thrown)
            self->around.known.fail(
                "a coroutine of process " + std::to_string(self->number) + " ended by an exception"
            );
    });
}

void node::expect_on(const asio::any_io_executor& where, const char* what) const
{
    const auto strand = as_strand(where);
    const auto inner = strand ? strand->get_inner_executor() : where;
    const auto* const wanted = inner.target<sim::executor>();
    if (!wanted || !wanted->is_here())
        around.known.fail("I25: " + std::string{what} + " where it must not (process " + std::to_string(number) + ")");
}

void node::expect_on_loop(const char* what) const
{
    if (!loop_.is_running())
        around.known.fail(
            "I25: " + std::string{what} + " outside of its loop (process " + std::to_string(number) + ")"
        );
}

asio::awaitable<void> node::sleep(time length) { return clock_->sleep_until(clock_->steady_now() + length); }

asio::awaitable<void> node::live()
{
    writer_ = make_port(true);
    reader_ = make_port(false);
    watch_ = std::make_shared<simulated_watch>(executor());
    changes_ = std::make_shared<sqlite::change_watch>(
        sqlite::change_watch::parts{.path = around.path, .writer = writer_, .clock = clock_, .watch = watch_}
    );
    const bool opened = co_await open_store();
    if (!opened)
        co_return;
    auto real = std::make_shared<sqlite::repository>(sqlite::repository::parts{
        .writer = writer_, .reader = reader_, .changes = changes_, .file = sqlite::store_file{around.path}
    });
    open_engine(std::make_shared<watched_repository>(
        watched_repository::parts{.inner = std::move(real), .writer = writer_, .known = &around.known, .node = number}
    ));
    hire_clients();
    if (leaving_)
        co_await shut_down();
}

/// As `engine::open` puts it together, but for the table of processes.
void node::open_engine(std::shared_ptr<job_repository> repository)
{
    auto ports = std::shared_ptr<runtime>{new runtime{
        .loop = event_loop::at(executor()),
        .repository = std::move(repository),
        .time = clock_,
        .random = std::make_shared<drawn_numbers>(chance()),
        .processes = std::make_shared<simulated_processes>(around, number),
    }};
    engine_ = std::make_shared<detail::engine_core>(std::move(ports));
    trace_ = engine_;
    engine_->start(
        maintenance_options{.interval = std::chrono::duration_cast<milliseconds>(around.chosen.sweep_interval)}
    );
    open_ = true;
}

void node::hire_clients()
{
    const auto self = shared_from_this();
    const auto& like = around.chosen;
    for (int i = 0; i < like.queues; ++i) {
        queues_.emplace_back(detail::open_queue(engine_, "queue " + std::to_string(i), std::nullopt));
        listen(self, queues_.back());
        const int workers = only_waits() ? 1 : like.workers;
        for (int w = 0; w < (serves(queues_.size() - 1) ? workers : 0); ++w)
            spawn_caller(employ(self, queues_.back()));
        if (only_waits())
            continue;
        if (like.events_kept > 0)
            spawn_caller(keep_events(self, queues_.back()));
        if (like.limited)
            spawn_caller(limit(self, queues_.back()));
    }
    if (only_waits())
        return;
    for (int i = 0; i < like.producers; ++i)
        spawn_caller(produce(self, i));
    for (int i = 0; i < like.hands; ++i)
        spawn_caller(work_by_hand(self));
    if (like.administered > 0)
        spawn_caller(administer(self));
}

void node::log_written()
{
    if (!watch_ || !watch_->is_on() || std::exchange(log_news_, true))
        return;
    const auto soon = around.time_line.now() + chance().any_length(10us, 5ms);
    around.time_line.at(soon, [self = shared_from_this()] {
        self->log_news_ = false;
        reach_if(self->watch_->is_on(), probe::woken_from_outside);
        self->in_loop([self] { self->watch_->tell(); });
    });
}

void node::stop_for(time length)
{
    reach_if(length > around.chosen.lock_duration && around.known.holds_locks(number), probe::paused_past_lock);
    for (auto* const one : lanes_)
        around.time_line.hold(*one, length);
}

void node::crash()
{
    dead_ = true;
    around.known.bury(number);
    reach(around.known.holds_locks(number) ? probe::crashed_active : probe::crashed_idle);
    drop_connections();
    if (changes_)
        changes_->close();
    clock_->fly();
    queues_.clear();
    if (engine_)  // on its own thread, as its cancellations expect
        loop_.push([engine = std::exchange(engine_, {})] { engine->abandon(); });
    leave_machine();
    const bool ended = around.time_line.drain({lanes_.begin(), lanes_.end()});
    if (!ended || !is_gone())
        around.known.fail("something of a process that has died does not end");
}

void node::close()
{
    leaving_ = true;
    around.known.told.leave(number);
    if (open_)
        spawn(shut_down());
}

asio::awaitable<void> node::shut_down()
{
    const auto closed = co_await ask(shared_from_this(), detail::close(engine_));
    if (!closed.value && !dead_)
        around.known.fail("an engine could not be closed: " + closed.failed.message());
    queues_.clear();
    engine_.reset();
    around.known.bury(number);
    closed_ = true;
}

void node::leave_machine()
{
    for (auto* const one : lanes_)
        around.time_line.remove(*one);
}

bool node::is_stopped() const
{
    return std::ranges::any_of(lanes_, [](const lane* one) { return one->is_held(); });
}

bool node::is_gone() const
{
    const bool idle = std::ranges::all_of(lanes_, [](const lane* one) { return one->size() == 0; });
    return idle && coroutines_ == 0 && clock_->sleepers() == 0 && trace_.expired();
}

}  // namespace cofila::sim
