#include "async/ended_with.hpp"

#include <utility>

namespace cofila {

namespace asio = boost::asio;

asio::awaitable<ended_with> caught(asio::awaitable<void> work)
{
    try {
        co_await std::move(work);
    } catch (const error& e) {
        co_return e;
    } catch (const boost::system::system_error& e) {
        co_return e;
    } catch (...) {
        co_return std::current_exception();
    }
    co_return ended_with{};
}

void rethrow(const ended_with& how)
{
    if (const auto* known = std::get_if<error>(&how))
        throw error{*known};
    if (const auto* foreign = std::get_if<boost::system::system_error>(&how))
        throw boost::system::system_error{*foreign};
    if (const auto* any = std::get_if<std::exception_ptr>(&how))
        std::rethrow_exception(*any);
}

}  // namespace cofila
