// Sockets in virtual time: the real cores, and a network that delays, cuts and loses connections.
#pragma once

#include <socket_core.hpp> // lib's own

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace mizzen::sim {

using detail::milliseconds;
using detail::session;
using detail::session_phase;
using detail::socket_core;
using zmtp::time_point;

class socket;

/// A machine with one process. All that no host was made for share host 0, which has no faults.
using host_id = std::size_t;

/// The clock, what is going to happen, and who listens where.
///
/// What one host does to another happens later while the way between them is cut or the other one's
/// process is suspended: all of it, in its order, once that is over.
class world {
public:
    explicit world(std::uint32_t seed) : random_{seed} {}
    world(const world&) = delete;
    world& operator=(const world&) = delete;

    [[nodiscard]] time_point now() const noexcept { return now_; }
    /// 0 to `below` - 1.
    std::size_t draw(std::size_t below) { return random_() % below; }
    void at(time_point when, std::function<void()> what) { at(when, 0, 0, std::move(what)); }
    void at(time_point when, host_id from, host_id to, std::function<void()> what);

    [[nodiscard]] host_id add_host() { return ++last_host_; }
    void cut(host_id from, host_id to) { ways_[{from, to}].is_cut = true; }
    void heal(host_id from, host_id to);
    [[nodiscard]] bool is_cut(host_id from, host_id to) const;
    /// From now on that much longer.
    void delay(host_id from, host_id to, milliseconds by) { ways_[{from, to}].delay = by; }
    [[nodiscard]] milliseconds delay(host_id from, host_id to) const;
    void suspend(host_id host) { suspended_.try_emplace(host); }
    void resume(host_id host);

    /// Lets time pass, and happen what is due.
    void advance(milliseconds time);
    /// Until nothing is going to happen but what is later than that.
    void settle(milliseconds longest);

    std::map<std::string, socket*, std::less<>> listeners;

private:
    struct event {
        host_id from;
        host_id to;
        std::function<void()> what;
    };
    struct way {
        bool is_cut = false;
        milliseconds delay{0};
        std::vector<event> held;
    };

    void run_until(time_point end);
    void happen(event&& next);

    time_point now_{};
    std::mt19937 random_;
    std::multimap<time_point, event> due_;
    host_id last_host_ = 0;
    std::map<std::pair<host_id, host_id>, way> ways_; // those with anything special
    std::map<host_id, std::vector<event>> suspended_; // and what waits for them
};

/// One end of a stream, as the kernel has it.
struct stream_end {
    std::weak_ptr<stream_end> peer;
    host_id host = 0;
    socket* owner = nullptr;  // null once the socket has closed it
    session* of = nullptr;    // null once the session has let go
    std::deque<std::byte> in; // arrived and not read
    std::size_t on_the_way = 0;
    time_point last_arrival{}; // nothing overtakes
    bool ended = false;        // the peer closed, and all that it wrote has arrived
    bool reset = false;
    bool stuck = false;    // wrote as much as the network takes
    bool draining = false; // waits for the peer to close
};
using stream_ptr = std::shared_ptr<stream_end>;

/// What the Asio shell is to a core, without Asio.
class socket {
public:
    socket(world& in, zmtp::socket_type type, host_id host = 0);
    /// As when the process dies: what was not read or not written is lost.
    ~socket();
    socket(const socket&) = delete;
    socket& operator=(const socket&) = delete;

    [[nodiscard]] socket_core& core() noexcept { return core_; }
    [[nodiscard]] bool closed() const noexcept { return closed_; }
    bool bind(const std::string& name);
    void unbind(const std::string& name);
    void connect(const std::string& name);
    void disconnect(const std::string& name);
    void close();
    bool send(message& m, std::error_code& ec);
    bool receive(message& m, std::error_code& ec);
    /// An operation: called once, when it is done, cancelled, or its socket closed. One that sends
    /// gives back a message that was not taken.
    using handler = std::function<void(std::error_code, message&&)>;
    void start_send(message&& m, handler done);
    void start_receive(handler done);
    /// One of those that wait. False when there is none.
    bool cancel(std::size_t choice);
    [[nodiscard]] bool any_sender() const noexcept { return !senders_.empty(); }
    /// All of them.
    void abort_operations();
    /// What core() was told has its consequences.
    void pump();
    /// The network loses one of the socket's connections.
    void lose_one();
    /// Told whenever something may have changed; must not call the socket.
    std::function<void()> changed;

private:
    [[nodiscard]] static stream_ptr stream_of(const session& s) {
        return std::static_pointer_cast<stream_end>(s.transport);
    }
    void dial(session& s);
    void dialled(session& s);
    void accept(const std::string& name, const stream_ptr& end);
    void attach(const stream_ptr& end, session& s);
    void flush(session& s);
    void write_rest(session& s, const stream_ptr& end);
    std::size_t write(const stream_ptr& end, std::span<const std::span<const std::byte>> spans);
    std::size_t take_in(std::deque<std::byte>& from, std::span<const std::span<std::byte>> room);
    void resume(session& s);
    void read(const stream_ptr& end);
    void let_go(session& s, bool reset);
    void lose(session& s, std::error_code why);
    void finish(session& s);
    void retire(session& s);
    void finish_if_flushed(session& s);
    void arm();
    void serve_receivers();
    void serve_senders();

    static void arrive(const stream_ptr& at, const std::vector<std::byte>& octets);

    void later(time_point when, std::function<void()> what) {
        world_.at(when, host_, host_, std::move(what));
    }
    void tell(const stream_ptr& peer, std::function<void()> what);

    world& world_;
    host_id host_;
    socket_core core_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    std::vector<std::string> bound_;
    struct operation {
        message body;
        handler done;
    };
    std::deque<operation> senders_;
    std::deque<operation> receivers_;
    std::optional<time_point> armed_;
    bool pumping_ = false;
    bool closed_ = false;
};

} // namespace mizzen::sim
