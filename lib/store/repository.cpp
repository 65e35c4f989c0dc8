#include "store/repository.hpp"

#include <utility>

#include "store/changing.hpp"
#include "store/reading.hpp"
#include "store/watching.hpp"
#include "store/works.hpp"
#include "store/writing.hpp"

namespace cofila::store {

namespace asio = boost::asio;
using kind = operation::kind;

namespace {

/// Has `Function(tables&, values...)` done.
template <auto Function, class... Values>
auto call(std::shared_ptr<database_port> port, kind what, Values... values)
{
    return perform(std::move(port), what, [... values = std::move(values)](tables& db) {
        return std::invoke(Function, db, values...);
    });
}

}  // namespace

template <auto Function, class... Values>
auto repository::write(Values... values)
{
    return call<Function>(with_.writer, kind::write, std::move(values)...);
}

template <auto Function, class... Values>
auto repository::read(Values... values)
{
    return call<Function>(with_.reader, kind::observe, std::move(values)...);
}

asio::awaitable<add_answer> repository::add(std::vector<job_draft> jobs)
{
    if (jobs.size() == 1 && plain_add::is_plain(*jobs.front()))
        return perform(with_.writer, kind::write, plain_add{.job = std::move(jobs.front())});
    return perform(with_.writer, kind::write, [all = std::move(jobs)](tables& db) { return store::add(db, all); });
}

asio::awaitable<add_answer> repository::add_and_claim(job_draft job, time_point now, claim_order order)
{
    return perform(
        with_.writer, kind::write, adding_and_claiming{.job = std::move(job), .asked = now, .order = std::move(order)}
    );
}

asio::awaitable<settle_and_claim_answer> repository::settle_and_claim(settle_and_claim_request request)
{
    return perform(with_.writer, kind::write, settling{std::move(request)});
}

asio::awaitable<std::vector<renewal>> repository::extend_locks(time_point now, std::vector<lock_extension> locks)
{
    return perform(with_.writer, kind::renewal, renewing{.asked = now, .locks = std::move(locks)});
}

asio::awaitable<std::vector<std::optional<std::string>>> repository::cancellations(std::vector<job_ref> locks)
{
    return read<&store::cancellations>(std::move(locks));
}

asio::awaitable<fenced_write> repository::update_progress(job_ref job, std::string progress)
{
    return write<&store::update_progress>(std::move(job), std::move(progress));
}

asio::awaitable<fenced_write> repository::update_data(job_ref job, std::string data)
{
    return write<&store::update_data>(std::move(job), std::move(data));
}

asio::awaitable<fenced_write> repository::add_log(job_ref job, log_line line, int keep)
{
    return write<&store::add_log>(std::move(job), std::move(line), keep);
}

asio::awaitable<void> repository::set(std::string queue, queue_setting setting)
{
    return write<&store::set>(std::move(queue), setting);
}

asio::awaitable<queue_settings> repository::settings(std::string queue)
{
    return read<&store::settings>(std::move(queue));
}

asio::awaitable<bool> repository::set_paused(std::string queue, bool paused)
{
    return write<&store::set_paused>(std::move(queue), paused);
}

asio::awaitable<change_answer> repository::change(std::string queue, job_id id, job_change what, time_point now)
{
    return write<&store::change>(std::move(queue), std::move(id), std::move(what), now);
}

asio::awaitable<changed_page> repository::change_all(
    std::string queue, job_filter filter, page_request request, job_change change, time_point now
)
{
    return write<&store::change_all>(std::move(queue), std::move(filter), std::move(request), std::move(change), now);
}

asio::awaitable<void> repository::reset_queue(std::string queue)
{
    return write<&store::reset_queue>(std::move(queue));
}

asio::awaitable<sweep_answer> repository::sweep(sweep_request request)
{
    return perform(with_.writer, kind::write, sweeping{std::move(request)});
}

asio::awaitable<std::vector<lock_row>> repository::locks() { return read<&tables::locks>(); }

asio::awaitable<void> repository::register_worker(worker_row worker)
{
    return write<&tables::register_worker>(std::move(worker));
}

asio::awaitable<void> repository::forget_worker(std::string id) { return write<&tables::forget_worker>(std::move(id)); }

asio::awaitable<std::vector<worker_row>> repository::workers() { return read<&tables::workers>(); }

asio::awaitable<std::optional<job_record>> repository::get(std::string queue, job_id id)
{
    return read<&store::get>(std::move(queue), std::move(id));
}

asio::awaitable<page<job_snapshot>> repository::list(std::string queue, job_filter filter, page_request request)
{
    return read<&store::list>(std::move(queue), std::move(filter), std::move(request));
}

asio::awaitable<job_counts> repository::counts(std::string queue) { return read<&store::counts>(std::move(queue)); }

asio::awaitable<std::vector<std::size_t>> repository::counts_by_priority(std::string queue, std::vector<int> priorities)
{
    return read<&store::counts_by_priority>(std::move(queue), std::move(priorities));
}

asio::awaitable<std::optional<std::size_t>> repository::position(std::string queue, job_id id)
{
    return read<&store::position>(std::move(queue), std::move(id));
}

asio::awaitable<std::optional<job_situation>> repository::situation(std::string queue, job_id id, time_point now)
{
    return read<&store::situation>(std::move(queue), std::move(id), now);
}

asio::awaitable<page<queue_info>> repository::queues(page_request request)
{
    return read<&store::queues>(std::move(request));
}

asio::awaitable<page<log_line>> repository::logs(std::string queue, job_id id, page_request request)
{
    return read<&store::logs>(std::move(queue), std::move(id), std::move(request));
}

asio::awaitable<bool> repository::is_paused(std::string queue) { return read<&store::is_paused>(std::move(queue)); }

asio::awaitable<event_log_state> repository::event_log_of(std::string queue, std::string cursor)
{
    return read<&store::event_log_of>(std::move(queue), std::move(cursor));
}

asio::awaitable<std::vector<logged_event>> repository::events_after(std::string queue, std::uint64_t after, int limit)
{
    return read<&store::events_after>(std::move(queue), after, limit);
}

asio::awaitable<void> repository::set_event_cursor(
    std::string queue, std::string name, std::optional<std::uint64_t> place
)
{
    return write<&store::set_event_cursor>(std::move(queue), std::move(name), place);
}

asio::awaitable<queue_metrics> repository::metrics(std::string queue, time_point now, metrics_range range)
{
    return read<&store::metrics>(std::move(queue), now, range);
}

/// The threads are joined here, on the loop: everything submitted has run and the upkeep is done before, so that this
/// is quick.
asio::awaitable<void> repository::close_ports(ports with)
{
    try {
        co_await perform(with.reader, kind::observe, [](tables&) {});
        co_await perform(with.writer, kind::tidy, [](tables&) {});
    } catch (const error&) {  // already closed, or the store fails: it is let go all the same
    }
    // In this order: a connection that only reads may leave behind what the last one to close removes.
    with.reader->stop();
    with.writer->stop();
}

}  // namespace cofila::store
