// Sockets in virtual time.
#include "world.hpp"

#include <algorithm>
#include <utility>

namespace mizzen::sim {
namespace {

constexpr std::size_t network_takes = 20'000; // octets a direction
constexpr milliseconds longest_drain{1000};

} // namespace

// --- The world ---

void world::at(time_point when, host_id from, host_id to, std::function<void()> what) {
    due_.emplace(std::max(when, now_), event{from, to, std::move(what)});
}

void world::run_until(time_point end) {
    while (!due_.empty() && due_.begin()->first <= end) {
        now_ = due_.begin()->first;
        event next = std::move(due_.begin()->second);
        due_.erase(due_.begin());
        happen(std::move(next));
    }
}

void world::happen(event&& next) {
    if (const auto at = ways_.find({next.from, next.to}); at != ways_.end() && at->second.is_cut)
        return at->second.held.push_back(std::move(next));
    if (const auto at = suspended_.find(next.to); at != suspended_.end())
        return at->second.push_back(std::move(next));
    next.what();
}

void world::heal(host_id from, host_id to) {
    const auto at = ways_.find({from, to});
    if (at == ways_.end())
        return;
    at->second.is_cut = false;
    for (event& each : std::exchange(at->second.held, {}))
        happen(std::move(each));
}

bool world::is_cut(host_id from, host_id to) const {
    const auto at = ways_.find({from, to});
    return at != ways_.end() && at->second.is_cut;
}

milliseconds world::delay(host_id from, host_id to) const {
    const auto at = ways_.find({from, to});
    return at == ways_.end() ? milliseconds{0} : at->second.delay;
}

void world::resume(host_id host) {
    const auto at = suspended_.find(host);
    if (at == suspended_.end())
        return;
    auto held = std::move(at->second);
    suspended_.erase(at);
    for (event& each : held)
        happen(std::move(each));
}

void world::advance(milliseconds time) {
    const time_point end = now_ + time;
    run_until(end);
    now_ = end;
}

void world::settle(milliseconds longest) { run_until(now_ + longest); }

// --- The program's side ---

socket::socket(world& in, zmtp::socket_type type, host_id host)
    : world_{in}, host_{host}, core_{type, in.draw(1'000'000'000)} {}

socket::~socket() {
    *alive_ = false;
    for (const std::string& name : bound_)
        world_.listeners.erase(name);
    core_.for_each_session([&](session& s) { let_go(s, true); });
}

bool socket::bind(const std::string& name) {
    if (closed_ || !world_.listeners.emplace(name, this).second)
        return false;
    bound_.push_back(name);
    return true;
}

void socket::unbind(const std::string& name) {
    if (std::erase(bound_, name) == 0)
        return;
    world_.listeners.erase(name);
    core_.for_each_session([&](session& s) {
        if (!s.connects && s.endpoint == name)
            retire(s);
    });
    pump();
}

void socket::connect(const std::string& name) {
    if (closed_)
        return;
    core_.add_connector(name, world_.now());
    pump();
}

void socket::disconnect(const std::string& name) {
    core_.for_each_session([&](session& s) {
        if (s.connects && !s.removed && s.endpoint == name)
            retire(s);
    });
    pump();
}

void socket::close() {
    if (std::exchange(closed_, true))
        return;
    for (const std::string& name : bound_)
        world_.listeners.erase(name);
    bound_.clear();
    abort_operations();
    core_.abandon_received();
    const bool at_once = core_.options.linger == milliseconds::zero();
    core_.for_each_session([&](session& s) {
        s.removed = true;
        if (at_once || (s.out.empty() && s.phase != session_phase::attached)) {
            let_go(s, false);
            core_.end(s, world_.now());
        } else {
            flush(s);
        }
    });
    if (core_.options.linger > milliseconds::zero())
        later(world_.now() + core_.options.linger, [this, alive = alive_] {
            if (*alive)
                core_.for_each_session([&](session& s) {
                    let_go(s, false);
                    core_.end(s, world_.now());
                });
        });
    pump();
}

bool socket::send(message& m, std::error_code& ec) {
    if (closed_) {
        ec = errc::socket_closed;
        return false;
    }
    core_.send(m, ec);
    return !ec;
}

bool socket::receive(message& m, std::error_code& ec) {
    if (closed_) {
        ec = errc::socket_closed;
        return false;
    }
    core_.receive(m, ec);
    return !ec;
}

// --- Operations that wait ---

void socket::start_send(message&& m, handler done) {
    senders_.push_back({std::move(m), std::move(done)});
    if (closed_)
        return abort_operations();
    serve_senders();
    pump();
}

void socket::start_receive(handler done) {
    receivers_.push_back({{}, std::move(done)});
    if (closed_)
        return abort_operations();
    serve_receivers();
    pump();
}

bool socket::cancel(std::size_t choice) {
    auto& queue = choice % 2 == 0 || receivers_.empty() ? senders_ : receivers_;
    if (queue.empty())
        return false;
    const auto at = queue.begin() + static_cast<std::ptrdiff_t>(choice / 2 % queue.size());
    operation op = std::move(*at);
    queue.erase(at);
    op.done(std::make_error_code(std::errc::operation_canceled), std::move(op.body));
    return true;
}

void socket::abort_operations() {
    for (auto* queue : {&senders_, &receivers_}) {
        for (operation& op : std::exchange(*queue, {}))
            op.done(std::make_error_code(std::errc::operation_canceled), std::move(op.body));
    }
}

void socket::serve_senders() {
    while (!senders_.empty()) {
        std::error_code ec;
        core_.send(senders_.front().body, ec);
        if (ec == errc::would_block)
            return;
        operation op = std::move(senders_.front());
        senders_.pop_front();
        op.done(ec, std::move(op.body));
    }
}

void socket::serve_receivers() {
    while (!receivers_.empty()) {
        message m;
        std::error_code ec;
        core_.receive(m, ec);
        if (ec == errc::would_block)
            return;
        operation op = std::move(receivers_.front());
        receivers_.pop_front();
        op.done(ec, std::move(m));
    }
}

void socket::pump() {
    if (std::exchange(pumping_, true))
        return;
    do {
        while (session* const s = core_.next_due())
            dial(*s);
        while (session* const s = core_.next_failed())
            finish(*s);
        while (session* const s = core_.next_dirty())
            flush(*s);
        while (session* const s = core_.next_resumed())
            resume(*s);
        serve_receivers();
        serve_senders();
    } while (core_.any_work());
    pumping_ = false;
    arm();
    if (changed)
        changed();
}

void socket::arm() {
    const auto due = core_.deadline();
    if (!due || (armed_ && *armed_ <= *due))
        return;
    armed_ = due;
    later(*due, [this, alive = alive_, due] {
        if (!*alive || armed_ != due)
            return;
        armed_.reset();
        core_.handle_timeout(world_.now());
        pump();
    });
}

// --- Streams ---

void socket::dial(session& s) {
    const peer_id key = s.key;
    later(world_.now() + milliseconds{1 + world_.draw(5)}, [this, alive = alive_, key] {
        session* const found = *alive ? core_.find(key) : nullptr;
        if (found != nullptr && found->phase == session_phase::connecting)
            dialled(*found);
    });
}

void socket::dialled(session& s) {
    const std::string name = s.endpoint; // the session may end below
    const auto there = world_.listeners.find(name);
    if (there == world_.listeners.end()) {
        core_.transport_lost(s, std::make_error_code(std::errc::connection_refused), world_.now());
        return pump();
    }
    const host_id host = there->second->host_;
    if (world_.is_cut(host_, host) || world_.is_cut(host, host_)) {
        core_.transport_lost(s, std::make_error_code(std::errc::host_unreachable), world_.now());
        return pump();
    }
    const auto mine = std::make_shared<stream_end>();
    const auto theirs = std::make_shared<stream_end>();
    mine->peer = theirs;
    mine->host = host_;
    theirs->peer = mine;
    theirs->host = host;
    core_.transport_open(s, name, world_.now());
    attach(mine, s);
    // Keeps both alive, as a kernel does; the connecter may be gone by then.
    world_.at(world_.now() + milliseconds{1}, host_, host,
              [owner = there->second, name, theirs, mine, &in = world_] {
                  const auto still = in.listeners.find(name);
                  if (still != in.listeners.end() && still->second == owner)
                      return owner->accept(name, theirs);
                  mine->reset = mine->ended = true;
                  if (mine->of != nullptr)
                      mine->owner->read(mine);
              });
    pump();
}

void socket::accept(const std::string& name, const stream_ptr& end) {
    session& s = core_.add_accepted(name, name, world_.now());
    attach(end, s);
    pump();
    if (end->of != nullptr)
        read(end);
}

void socket::attach(const stream_ptr& end, session& s) {
    s.transport = end;
    end->owner = this;
    end->of = &s;
    flush(s);
}

std::size_t socket::write(const stream_ptr& end,
                          std::span<const std::span<const std::byte>> spans) {
    const stream_ptr peer = end->peer.lock();
    if (!peer || end->reset)
        return 0;
    const std::size_t held = peer->on_the_way + peer->in.size();
    std::size_t room = held < network_takes ? network_takes - held : 0;
    if (room > 1 && world_.draw(4) == 0)
        room = 1 + world_.draw(room); // as much as it likes
    std::vector<std::byte> taken;
    for (const auto span : spans) {
        const std::size_t size = std::min(span.size(), room - taken.size());
        taken.insert(taken.end(), span.begin(), span.begin() + static_cast<std::ptrdiff_t>(size));
    }
    const std::size_t size = taken.size();
    peer->on_the_way += size;
    const milliseconds takes = world_.delay(host_, peer->host) + milliseconds{world_.draw(3)};
    peer->last_arrival = std::max(peer->last_arrival, world_.now() + takes);
    tell(peer, [peer, octets = std::move(taken)] { arrive(peer, octets); });
    return size;
}

// Behind all that was told before.
void socket::tell(const stream_ptr& peer, std::function<void()> what) {
    peer->last_arrival = std::max(peer->last_arrival, world_.now());
    world_.at(peer->last_arrival, host_, peer->host, std::move(what));
}

void socket::arrive(const stream_ptr& at, const std::vector<std::byte>& octets) {
    at->on_the_way -= octets.size();
    if (at->reset)
        return;
    at->in.insert(at->in.end(), octets.begin(), octets.end());
    if (at->of != nullptr)
        at->owner->read(at);
}

void socket::flush(session& s) {
    const stream_ptr end = stream_of(s);
    if (!end || !s.link || end->draining || end->of == nullptr)
        return;
    end->stuck = false;
    for (;;) {
        const auto spans = core_.output(s);
        if (spans.empty())
            break;
        const std::size_t size = write(end, spans);
        if (size == 0) {
            end->stuck = true;
            return;
        }
        core_.written(s, size);
    }
    finish_if_flushed(s);
}

std::size_t socket::take_in(std::deque<std::byte>& from,
                            std::span<const std::span<std::byte>> room) {
    std::size_t most = world_.draw(3) == 0 ? 1 + world_.draw(from.size()) : from.size();
    std::size_t taken = 0;
    for (const auto span : room) {
        const std::size_t size = std::min(span.size(), most);
        std::copy_n(from.begin(), size, span.begin());
        from.erase(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(size));
        most -= size;
        taken += size;
    }
    return taken;
}

// What was read may be all that there is.
void socket::resume(session& s) {
    const stream_ptr end = stream_of(s);
    if (!end)
        return;
    if (s.undecoded && s.link->is_open())
        static_cast<void>(core_.decode(s, world_.now()));
    read(end);
}

void socket::read(const stream_ptr& end) {
    while (end->of != nullptr && !end->in.empty() && !end->reset) {
        session& s = *end->of;
        if (end->draining) {
            end->in.clear();
        } else {
            if (s.paused || !s.link->is_open())
                break;
            if (s.undecoded && !core_.decode(s, world_.now()))
                break;
            const auto room = s.link->prepare();
            if (room.empty())
                return lose(s, zmtp::errc::not_enough_memory);
            const std::size_t size = take_in(end->in, room);
            core_.received(s, size, world_.now());
            if (s.undecoded && s.link->is_open())
                static_cast<void>(core_.decode(s, world_.now()));
        }
        if (const stream_ptr peer = end->peer.lock(); peer && peer->of != nullptr && peer->stuck)
            world_.at(world_.now(), host_, peer->host, [peer] { // there is room again
                if (peer->of == nullptr || !peer->stuck)
                    return;
                peer->owner->flush(*peer->of);
                peer->owner->pump();
            });
        pump();
    }
    const bool over = end->reset || (end->ended && end->in.empty() && end->on_the_way == 0);
    if (over && end->of != nullptr) {
        lose(*end->of, zmtp::errc::end_of_stream);
        pump();
    }
}

// --- The ends of streams ---

void socket::let_go(session& s, bool reset) {
    const stream_ptr end = stream_of(s);
    if (!end)
        return;
    end->of = nullptr;
    const stream_ptr peer = end->peer.lock();
    if (!peer)
        return;
    tell(peer, [peer, reset] {
        peer->ended = true;
        peer->reset = peer->reset || reset;
        if (peer->of != nullptr)
            peer->owner->read(peer);
    });
}

void socket::lose(session& s, std::error_code why) {
    let_go(s, false);
    core_.transport_lost(s, why, world_.now());
}

void socket::lose_one() {
    std::vector<session*> all;
    core_.for_each_session([&](session& s) {
        if (stream_of(s))
            all.push_back(&s);
    });
    if (all.empty())
        return;
    session& s = *all[world_.draw(all.size())];
    let_go(s, true);
    core_.transport_lost(s, std::make_error_code(std::errc::connection_reset), world_.now());
    pump();
}

void socket::write_rest(session& s, const stream_ptr& end) {
    if (const auto spans = s.link->output(); !spans.empty() && !end->stuck)
        static_cast<void>(write(end, spans));
}

void socket::finish(session& s) {
    const std::error_code why = s.why;
    if (const stream_ptr end = stream_of(s); end && s.link)
        write_rest(s, end);
    lose(s, why);
}

void socket::retire(session& s) {
    s.removed = true;
    core_.refresh(s);
    finish_if_flushed(s);
}

void socket::finish_if_flushed(session& s) {
    if (!s.removed || !core_.flushed(s))
        return;
    const stream_ptr end = stream_of(s);
    if (!end || s.phase != session_phase::attached) {
        let_go(s, false);
        return core_.end(s, world_.now());
    }
    if (std::exchange(end->draining, true))
        return;
    if (const stream_ptr peer = end->peer.lock())
        tell(peer, [peer] {
            peer->ended = true;
            if (peer->of != nullptr)
                peer->owner->read(peer);
        });
    core_.end_by(s, world_.now() + longest_drain);
}

} // namespace mizzen::sim
