// Holding up a context's loop, and waiting for it.
#include "context_state.hpp"
#include "hosted_state.hpp"
#include "waiting_call.hpp"
#include <mizzen/error.hpp>
#include <mizzen/hosted_loop.hpp>

#include <system_error>
#include <utility>

namespace mizzen {

hosted_loop::hosted_loop(const context& shared) {
    auto door = shared.state()->make_gate();
    if (door)
        state_ = std::make_shared<detail::hosted_state>(shared.state(), std::move(door));
    if (!state_ || !shared.state()->add(state_))
        throw std::system_error(errc::context_closed, "hosted_loop");
}

hosted_loop::executor_type hosted_loop::get_executor() const {
    return detail::gated_executor{state_->door};
}

bool hosted_loop::inherited() const noexcept { return state_->context->inherited(); }

bool hosted_loop::closed() const {
    return call([&] { return state_->closed; });
}

void hosted_loop::on_close(std::function<void()> end) {
    call([&] { state_->end = std::move(end); });
}

hosted_loop::waiting::waiting() : alarm_{std::make_unique<detail::waker>()} {}
hosted_loop::waiting::~waiting() = default;
void hosted_loop::waiting::end() { alarm_->ring(); }
bool hosted_loop::waiting::ended() const noexcept { return alarm_->rung(); }

hosted_loop::hold::hold(const hosted_loop& loop) : state_{*loop.state_} { state_.door->lock(); }
hosted_loop::hold::~hold() { state_.door->unlock(); }

void hosted_loop::wait(waiting& until, milliseconds limit) const {
    if (!until.ended() && limit != milliseconds::zero())
        state_->door->loop().wait(*until.alarm_, limit);
}

} // namespace mizzen
