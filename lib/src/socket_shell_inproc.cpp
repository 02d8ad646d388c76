// The process's side of a socket: inproc names, pipes, and being called from other threads.
#include "socket_shell.hpp"
#include <mizzen/zmtp/error.hpp>

#include <asio/post.hpp>

#include <algorithm>
#include <utility>

namespace mizzen::detail {
namespace {

// A thread that sleeps takes tens of microseconds to wake: after something has come, more is waited
// for awake for as long as that, unless that was in vain the last few times.
constexpr std::chrono::microseconds longest_watch{50};
constexpr std::chrono::microseconds shortest_watch{5};
constexpr std::chrono::microseconds soon{200};
constexpr int looks = 64; // between two turns of the loop

void pause_briefly() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

} // namespace

// Made with the first inproc name: from then on the socket is work for its loop until it is closed.
const std::shared_ptr<doorbell>& socket_shell::bell() {
    if (!bell_) {
        bell_ = std::make_shared<doorbell>(executor_, weak_from_this());
        local_work_.emplace(executor_);
        watch_time_ = longest_watch;
    }
    return bell_;
}

void socket_shell::leave_bell() noexcept {
    local_work_.reset();
    if (!bell_)
        return;
    for (const arrival& each : bell_->remove())
        each.pipe->close(pipe_end::listener, zmtp::errc::end_of_stream);
}

socket_shell::~socket_shell() {
    if (from_outside_)
        from_outside_->close();
    leave_bell();
}

void socket_shell::connect_local(session& s, const std::string& name) {
    names_->connect(name, core_.make_pipe(s, bell()));
}

void socket_shell::answer_bell() {
    bell_->answer(callers_, arrivals_);
    const time_point now = std::chrono::steady_clock::now();
    for (arrival& each : std::exchange(arrivals_, {})) {
        // Who was on the way when the name was unbound comes again once it is bound.
        const bool bound =
            std::any_of(listeners_.begin(), listeners_.end(),
                        [&](const listener_ptr& l) { return l->endpoint == each.endpoint; });
        if (!bound)
            each.pipe->close(pipe_end::listener, zmtp::errc::end_of_stream);
        else
            tend(core_.add_local(std::move(each), bell_, now));
    }
    for (const peer_id key : callers_)
        if (session* const s = core_.find(key); s != nullptr && s->pipe)
            tend(*s);
    pump();
    if (now - watch_ended_ < soon)
        watch_time_ = longest_watch;
    watching_since_ = now;
    watch();
}

// Sees to what the other end of the session's pipe has done. May end the session.
void socket_shell::tend(session& s) {
    if (s.phase == session_phase::connecting)
        if (const auto peer = s.pipe->accepted())
            core_.pipe_open(s, *peer, std::chrono::steady_clock::now());
    std::error_code why;
    s.hung_up = s.pipe->closed(
        s.end == pipe_end::connector ? pipe_end::listener : pipe_end::connector, why);
    const bool all = core_.take_mail(s, std::chrono::steady_clock::now());
    core_.hand_over(s);
    if (s.hung_up && all)
        lose(s, why ? why : zmtp::errc::end_of_stream);
}

void socket_shell::watch() {
    for (int look = 0; look < looks; ++look) {
        if (bell_->rung())
            return asio::post(executor_, [self = shared_from_this()] { self->answer_bell(); });
        pause_briefly();
    }
    const time_point now = std::chrono::steady_clock::now();
    if (!closed_ && now - watching_since_ < watch_time_)
        return asio::post(executor_, [self = shared_from_this()] { self->watch(); });
    if (!bell_->stop_watching())
        return asio::post(executor_, [self = shared_from_this()] { self->answer_bell(); });
    watch_ended_ = now;
    watch_time_ = watch_time_ < shortest_watch ? std::chrono::microseconds{0} : watch_time_ / 2;
}

// What is queued is the peer's from now on, or that of whoever binds the name before linger ends.
void socket_shell::leave_pipe(session& s) {
    const auto linger = core_.options.linger;
    const bool waiting = s.phase == session_phase::connecting;
    if (linger != milliseconds::zero())
        core_.hand_over(s, true);
    if (waiting && s.connects) {
        std::error_code ec;
        std::optional<time_point> until;
        if (linger >= milliseconds::zero())
            until = std::chrono::steady_clock::now() + linger;
        names_->leave(parse_endpoint(s.endpoint, endpoint_use::connect, ec).name, *s.pipe, until);
    }
    end(s);
}

} // namespace mizzen::detail
