// The I/O of a socket: transports, listeners, timers and waiting operations around a socket_core.
#pragma once

#include "ipc_file.hpp"
#include "post_box.hpp"
#include "socket_core.hpp"
#include "stream.hpp"
#include <mizzen/detail/operation.hpp>
#include <mizzen/detail/seldom_in_vain.hpp>
#include <mizzen/endpoint.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include <unistd.h>

#include <array>
#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

namespace mizzen::detail {

/// Does what its core decides. Kept alive by the socket's handle and by the I/O under way.
class socket_shell : public std::enable_shared_from_this<socket_shell> {
public:
    socket_shell(asio::any_io_executor executor, zmtp::socket_type type,
                 std::shared_ptr<inproc_names> names);
    ~socket_shell();
    socket_shell(const socket_shell&) = delete;
    socket_shell& operator=(const socket_shell&) = delete;

    [[nodiscard]] const asio::any_io_executor& executor() const noexcept { return executor_; }
    [[nodiscard]] socket_core& core() noexcept { return core_; }
    [[nodiscard]] bool closed() const noexcept { return closed_; }

    std::string bind(std::string_view endpoint, std::error_code& ec);
    void unbind(std::string_view endpoint, std::error_code& ec);
    void connect(std::string_view endpoint, std::error_code& ec);
    void disconnect(std::string_view endpoint, std::error_code& ec);
    void close() noexcept;

    /// Has the core's work done in this turn of the loop, after whatever else the program does.
    void pump_soon() {
        if (core_.any_work() && turns_posted_ == 0)
            post_pump();
    }
    /// The same for a message of that size which was sent: many at once, while they are in a cache.
    void pump_soon_or_enough(std::size_t octets) {
        if (!pump_if_enough(octets))
            pump_soon();
    }
    /// For one that follows others in the same turn.
    [[nodiscard]] bool pump_if_enough(std::size_t octets) {
        unwritten_ += octets;
        if (unwritten_ < write_block)
            return false;
        pump();
        return true;
    }
    /// The same after that time, for a program that may well do it itself before.
    void pump_within(std::chrono::microseconds time);
    [[nodiscard]] bool turn_is_posted() const noexcept { return turns_posted_ != 0; }
    /// Has it done now.
    void pump();
    void start(operation& op);
    void cancel(operation& op);
    void answer_bell();
    /// Has the socket's peers looked at again when the rules change.
    void watch_rules_of(authenticator& who);

private:
    static constexpr std::size_t write_block = 240 * 1024; // octets
    struct listener {
        explicit listener(const asio::any_io_executor& executor)
            : acceptor{executor}, retry{executor} {}
        stream_acceptor acceptor;
        ipc_file file;
        asio::steady_timer retry; // after accept failed, for want of descriptors for example
        std::string endpoint;
        std::string local_name; // of inproc, which has no acceptor
        policy_ptr rules;       // as they were at bind
        bool accepting = false;
    };
    struct channel {
        explicit channel(const asio::any_io_executor& executor) : socket{executor} {}
        stream_protocol::socket socket;
        std::unique_ptr<asio::ip::tcp::resolver> resolver;
        std::optional<stream_protocol::endpoint> source;   // to connect from
        std::vector<stream_protocol::endpoint> candidates; // to connect to, the next one last
        session* owner = nullptr;                          // null once the session has let go
        bool write_waiting = false;
        bool read_waiting = false;
        bool draining = false;           // all is written: wait for the peer to close
        std::array<std::byte, 64> first; // of what comes next
    };
    using channel_ptr = std::shared_ptr<channel>;
    using listener_ptr = std::shared_ptr<listener>;

    [[nodiscard]] static channel_ptr channel_of(const session& s) {
        return std::static_pointer_cast<channel>(s.transport);
    }

    void post_pump();
    void abandon() noexcept;
    void serve_receivers();
    void serve_senders();
    void arm_timer();
    void update_linger();
    void stop_when_done();

    void bind_stream(listener& made, const endpoint& where, std::error_code& ec) const;
    void stop(listener& l) noexcept;
    void retire(session& s);
    void accept(const listener_ptr& from);
    void accepted(const listener_ptr& from, stream_protocol::socket peer);
    void resume_accepting();
    void start_connecting(session& s);
    void resolve(const channel_ptr& t, const host_and_port& where);
    void connect_next(const channel_ptr& t);
    void open_from(channel& t, const stream_protocol::endpoint& target, std::error_code& ec) const;
    void connected(const channel_ptr& t, std::error_code ec);
    void open_for_traffic(const channel_ptr& t, session& s);

    void ask_soon(const session& s);
    void ask(peer_id key, peer_id peer);
    [[nodiscard]] const std::shared_ptr<post_box>& from_outside();
    void answered(peer_id key, peer_id peer, authentication_answer what);

    [[nodiscard]] const std::shared_ptr<doorbell>& bell();
    void leave_bell() noexcept;
    void connect_local(session& s, const std::string& name);
    void tend(session& s);
    void leave_pipe(session& s);
    void watch();

    void stay_awake(bool came) {
        if (core_.options.busy_poll.count() != 0)
            note_activity(came);
    }
    void note_activity(bool came);
    void busy_turn();
    void wait_readable(const channel_ptr& t);
    void on_readable(const channel_ptr& t, std::size_t arrived);
    void lose_input(session& s, std::error_code ec);
    void continue_reading_soon(const channel_ptr& t, bool more_expected);
    void continue_reading(const channel_ptr& t, bool more_expected);
    void discard_input(const channel_ptr& t);
    void flush(session& s);
    void wait_writable(const channel_ptr& t);
    void finish_failed(session& s);
    void lose(session& s, std::error_code why);
    void let_go(session& s);
    void finish_if_flushed(session& s);
    void end(session& s);

    asio::any_io_executor executor_;
    socket_core core_;
    asio::steady_timer timer_;
    std::optional<time_point> armed_for_;
    asio::steady_timer linger_timer_;
    asio::steady_timer late_turn_;
    std::list<listener_ptr> listeners_;
    operation_queue<operation> receivers_;
    operation_queue<operation> senders_;
    std::shared_ptr<post_box> from_outside_; // once another thread may have something to say
    std::shared_ptr<rules_watcher> review_;  // once there is somebody to watch
    std::shared_ptr<inproc_names> names_;
    std::shared_ptr<doorbell> bell_; // once there is a use for it
    std::optional<asio::executor_work_guard<asio::any_io_executor>> local_work_;
    std::vector<peer_id> callers_;
    std::vector<arrival> arrivals_;
    time_point watching_since_;
    time_point watch_ended_;
    std::chrono::microseconds watch_time_;
    time_point active_at_;
    detail::seldom_in_vain looks_;
    bool awake_ = false;             // busy_turn is on its way
    bool look_was_worth_it_ = false; // something came meanwhile
    std::size_t unwritten_ = 0;      // octets sent since the last turn
    unsigned turns_posted_ = 0;      // handlers on their way that will pump
    const pid_t owner_ = ::getpid();
    std::shared_ptr<socket_shell> forever_; // itself, once abandoned: never to be destroyed
    bool pumping_ = false;
    bool closed_ = false;
};

} // namespace mizzen::detail
