// What listens to the events of queues.
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "ask.hpp"
#include "clients.hpp"

namespace cofila::sim {

namespace asio = boost::asio;

namespace {

void misbehave(const std::shared_ptr<node>& here)
{
    auto& chance = here->chance();
    if (here->around.peaceful || here->is_dead() || !chance.chance(here->around.chosen.bad_slots))
        return;
    switch (chance.below(3)) {
    case 0:
        reach(probe::slot_threw);
        throw std::runtime_error{"a slot that throws"};
    case 1:
        here->around.time_line.spend(chance.any_length(std::chrono::milliseconds{1}, here->around.chosen.lock_duration)
        );
        break;
    default:
        if (here->is_busy()) {
            reach(probe::slot_added);
            here->spawn([](std::shared_ptr<node> self, node::job_queue to) -> asio::awaitable<void> {
                co_await ask(self, to.add("from a slot", "data"));
            }(here, here->queues().front()));
        }
    }
}

/// Whom an event is about: a job, or else the queue.
template <class Event>
std::string subject(const Event& event, const std::string& queue)
{
    if constexpr (requires { event.id; })
        return event.id.str();
    else
        return queue;
}

struct listener {
    const std::shared_ptr<node>& here;
    const node::job_queue& queue;

    template <class Signal>
    void hear(Signal& signal, tale what) const
    {
        signal.connect([weak = std::weak_ptr{here}, name = queue.name(), what](const auto& event) {
            const auto self = weak.lock();
            if (!self || self->is_dead())
                return;
            const auto about = subject(event, name);
            if (!self->around.known.told.tell(self->number, about, what))
                self->around.known.fail(
                    (what == tale::drained ? "I23: '" : "I22: '") + std::string{to_string(what)} + "' of '" + about +
                    "' was not stored, or was told before"
                );
            misbehave(self);
        });
    }
};

}  // namespace

void listen(const std::shared_ptr<node>& here, const node::job_queue& to)
{
    auto& events = to.events();
    const listener ear{here, to};
#define SIM_HEAR(name) ear.hear(events.name, tale::name);
    SIM_TALES(SIM_HEAR)
#undef SIM_HEAR
}

}  // namespace cofila::sim
