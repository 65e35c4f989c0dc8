#pragma once
#include <boost/asio/post.hpp>

#include <memory>
#include <utility>

#include "store/batch.hpp"
#include "store/database_port.hpp"

namespace cofila::test {

/// Does each operation at once, on the caller's thread: every run has the same batches.
class inline_port final : public store::database_port {
public:
    explicit inline_port(std::unique_ptr<store::batch_runner> runner) : runner_{std::move(runner)} {}

    void submit(store::operation_ptr op) override
    {
        if (runner_)
            runner_->run({&op, 1});
        else
            op->fail({errc::closed, "the store has been closed"});
        const auto executor = op->executor();
        boost::asio::post(executor, [done = std::move(op)] { done->answer(); });
    }
    void stop() override { runner_.reset(); }

private:
    std::unique_ptr<store::batch_runner> runner_;
};

}  // namespace cofila::test
