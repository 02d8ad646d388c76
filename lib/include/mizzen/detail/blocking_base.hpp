// What all blocking sockets have in common.
#pragma once

#include <mizzen/detail/basic_socket.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace mizzen::blocking {
class monitor;
} // namespace mizzen::blocking

namespace mizzen::detail {

class context_state;
class gate;
class waiting_call;
using std::chrono::milliseconds;

/// A socket whose loop a thread of its context runs. What a program's thread can do itself it does,
/// with the loop held up for as long; it waits for what is left.
class blocking_base : private basic_socket {
public:
    blocking_base(blocking_base&& other) noexcept;
    blocking_base& operator=(blocking_base&& other) noexcept;
    blocking_base(const blocking_base&) = delete;
    blocking_base& operator=(const blocking_base&) = delete;
    ~blocking_base();

    /// As those of the asynchronous sockets; in addition, errc::in_use while another thread waits
    /// in a call of the same socket, and errc::context_closed.
    std::string bind(std::string_view endpoint, std::error_code& ec);
    std::string bind(std::string_view endpoint);
    void unbind(std::string_view endpoint, std::error_code& ec);
    void unbind(std::string_view endpoint);
    void connect(std::string_view endpoint, std::error_code& ec);
    void connect(std::string_view endpoint);
    void disconnect(std::string_view endpoint, std::error_code& ec);
    void disconnect(std::string_view endpoint);
    /// Also from another thread: a call that waits there ends with errc::socket_closed.
    void close() noexcept;
    [[nodiscard]] bool is_open() const;
    [[nodiscard]] socket_stats stats() const;
    [[nodiscard]] std::vector<peer_info> peers() const;
    [[nodiscard]] std::optional<peer_info> peer(peer_id id) const;
    /// Shared, since another thread may ask for another meanwhile.
    [[nodiscard]] std::shared_ptr<const peer_identity> sender(const message& received) const;

protected:
    blocking_base(zmtp::socket_type type, const context& shared);

    void apply_option(const option::send_timeout& value, std::error_code& ec);
    void apply_option(const option::receive_timeout& value, std::error_code& ec);
    template <class Option> void apply_option(const Option& value, std::error_code& ec) {
        const call now{*this, ec};
        if (!ec)
            basic_socket::apply(value, ec);
    }

    /// Sends one message, all of its parts or none, once a peer's queue can take it.
    ///
    /// limit    How long to wait; none for what option::send_timeout says.
    /// Returns  Whether it was taken; otherwise it is as it was.
    /// Errors   timed_out, wrong_state, empty_message, no_route, socket_closed, context_closed,
    ///          in_use. The form without `ec` throws std::system_error.
    bool send(message& m, std::optional<milliseconds> limit, std::error_code& ec);
    /// Receives one message, once there is one; as send otherwise.
    bool receive(message& m, std::optional<milliseconds> limit, std::error_code& ec);
    void subscribe(octets topic, bool wanted, std::error_code& ec);

    using basic_socket::raise;

private:
    friend class mizzen::blocking::monitor;
    friend class poll_round;
    friend class blocking_proxy;

    // One call of the program: holds the gate. Says what is wrong if it may not be made.
    class call {
    public:
        call(const blocking_base& socket, std::error_code& ec);
        ~call();
        call(const call&) = delete;
        call& operator=(const call&) = delete;

    private:
        gate* gate_; // null for a socket that was moved from
    };

    blocking_base(zmtp::socket_type type, const context& shared, std::shared_ptr<gate> door);
    void wait(waiting_call& op, milliseconds limit, std::error_code& ec);
    void write_soon(std::size_t octets);

    std::shared_ptr<context_state> context_;
    std::shared_ptr<gate> gate_;
    milliseconds send_timeout_{-1};
    milliseconds receive_timeout_{-1};
    std::chrono::steady_clock::time_point written_at_; // the first message of a burst
    std::chrono::steady_clock::time_point turned_at_;  // when it was last seen how dense they are
    int sent_since_turn_ = 0;
    bool streaming_ = false;
    std::size_t unwritten_ = 0; // octets of a stream
    bool waiting_ = false;      // a thread is in wait
};

} // namespace mizzen::detail
