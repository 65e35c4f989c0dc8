#include <cofila/detail/blocking_core.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <condition_variable>
#include <exception>
#include <future>
#include <mutex>
#include <thread>
#include <utility>

#include "async/ended_with.hpp"

namespace cofila::detail {

class blocking_core {
public:
    blocking_core() = default;
    blocking_core(const blocking_core&) = delete;
    blocking_core& operator=(const blocking_core&) = delete;
    ~blocking_core() { join(); }

    void open(engine_options options)
    {
        thread_ = std::thread{[this] { context_.run(); }};
        own_ = thread_.get_id();
        wait_for(open_here(std::move(options)));
    }

    const cofila::engine& engine() const noexcept { return engine_; }

    void wait_for(asio::awaitable<void> call)
    {
        check_thread();
        const auto answer = std::make_shared<std::promise<ended_with>>();
        {
            const std::lock_guard lock{ending_};
            if (ended_)
                throw error{errc::closed, "the engine has been closed"};
            ++calls_;
            asio::co_spawn(context_, caught(std::move(call)), [this, answer](std::exception_ptr, ended_with how) {
                answer->set_value(std::move(how));
                const std::lock_guard last{ending_};
                if (--calls_ == 0)
                    idle_.notify_all();
            });
        }
        rethrow(answer->get_future().get());
    }

    void close()
    {
        check_thread();
        const std::lock_guard only{closing_};
        if (!thread_.joinable())
            return;
        try {
            wait_for(engine_.close());
        } catch (...) {
            context_.stop();  // what is left ends with the context
            join();
            throw;
        }
        join();
    }

private:
    asio::awaitable<void> open_here(engine_options options)
    {
        engine_ = co_await cofila::engine::open(std::move(options));
    }

    void check_thread() const
    {
        if (std::this_thread::get_id() == own_)
            throw error{
                errc::wrong_state, "a blocking call on the engine's own thread, as from a slot, would wait for itself"
            };
    }

    /// Calls that are under way return first. What else the context has to do is not waited for: a guard that listens
    /// to signals would keep it busy for ever.
    void join()
    {
        {
            std::unique_lock lock{ending_};
            ended_ = true;
            idle_.wait(lock, [this] { return calls_ == 0 || context_.stopped(); });
        }
        asio::post(context_, [this] { context_.stop(); });  // behind the events of the end
        if (thread_.joinable())
            thread_.join();
    }

    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
    cofila::engine engine_{};
    std::thread thread_{};
    std::thread::id own_{};
    std::mutex closing_{};
    std::mutex ending_{};
    std::condition_variable idle_{};
    int calls_ = 0;
    bool ended_ = false;
};

blocking_ptr open_blocking(engine_options options)
{
    auto core = std::make_shared<blocking_core>();
    core->open(std::move(options));
    return core;
}

const cofila::engine& engine_of(const blocking_ptr& core) { return core->engine(); }
void wait_for(const blocking_ptr& core, asio::awaitable<void> call) { core->wait_for(std::move(call)); }
void close(const blocking_ptr& core) { core->close(); }

}  // namespace cofila::detail
