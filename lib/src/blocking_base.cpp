// Blocking calls.
#include "context_state.hpp"
#include "socket_shell.hpp"
#include "waiting_call.hpp"
#include <mizzen/detail/blocking_base.hpp>

#include <algorithm>
#include <new>
#include <stdexcept>
#include <utility>

namespace mizzen::detail {
namespace {

// After a message was written at once, others that soon are left to the loop, which takes many.
constexpr std::chrono::microseconds burst{50};
// So many messages in that time, or at that rate, are a stream. It is written by who sends it, that
// much at once; the loop sees to its end.
constexpr int messages_of_stream = 64;
constexpr std::chrono::microseconds stream_turn{500};
constexpr std::chrono::milliseconds longest_gap{20}; // the loop's thread may get its turn late
constexpr std::size_t stream_block = 16 * 1024;

std::shared_ptr<gate> gate_of(const context& shared) {
    auto made = shared.state()->make_gate();
    if (!made)
        throw std::system_error(errc::context_closed, "socket");
    return made;
}

} // namespace

blocking_base::call::call(const blocking_base& socket, std::error_code& ec)
    : gate_{socket.gate_.get()} {
    if (gate_ == nullptr) { // moved from
        ec = errc::socket_closed;
        return;
    }
    gate_->lock();
    if (socket.waiting_)
        ec = errc::in_use;
    else if (!socket.shell() || socket.shell()->closed())
        ec = socket.context_->closed() ? errc::context_closed : errc::socket_closed;
    else
        ec.clear();
}

blocking_base::call::~call() {
    if (gate_ != nullptr)
        gate_->unlock();
}

blocking_base::blocking_base(zmtp::socket_type type, const context& shared)
    : blocking_base{type, shared, gate_of(shared)} {}

blocking_base::blocking_base(zmtp::socket_type type, const context& shared,
                             std::shared_ptr<gate> door)
    : basic_socket{gated_executor{door}, type, shared}, context_{shared.state()},
      gate_{std::move(door)} {
    if (!context_->add(shell(), gate_))
        throw std::system_error(errc::context_closed, "socket");
}

blocking_base::blocking_base(blocking_base&& other) noexcept = default;

blocking_base::~blocking_base() {
    close();
    let_go(); // while the loop is still there
}

blocking_base& blocking_base::operator=(blocking_base&& other) noexcept {
    if (this == &other)
        return *this;
    close();
    basic_socket::operator=(std::move(other));
    // NOLINTBEGIN(bugprone-use-after-move): that was the base's part
    gate_ = std::move(other.gate_);
    context_ = std::move(other.context_);
    send_timeout_ = other.send_timeout_;
    receive_timeout_ = other.receive_timeout_;
    // NOLINTEND(bugprone-use-after-move)
    return *this;
}

void blocking_base::close() noexcept {
    if (!gate_ || !shell())
        return;
    if (context_->inherited()) { // a thread that held the gate may not exist here
        basic_socket::close();
        static_cast<void>(new (std::nothrow) std::shared_ptr<context_state>{context_});
        return;
    }
    const std::lock_guard lock{*gate_};
    basic_socket::close();
}

bool blocking_base::is_open() const {
    std::error_code ec;
    const call now{*this, ec};
    return !ec || ec == errc::in_use;
}

socket_stats blocking_base::stats() const {
    std::error_code ec;
    const call now{*this, ec};
    return shell() ? basic_socket::stats() : socket_stats{};
}

std::vector<peer_info> blocking_base::peers() const {
    std::error_code ec;
    const call now{*this, ec};
    return shell() ? basic_socket::peers() : std::vector<peer_info>{};
}

std::optional<peer_info> blocking_base::peer(peer_id id) const {
    std::error_code ec;
    const call now{*this, ec};
    return shell() ? basic_socket::peer(id) : std::nullopt;
}

std::shared_ptr<const peer_identity> blocking_base::sender(const message& received) const {
    std::error_code ec;
    const call now{*this, ec};
    return shell() ? shell()->core().shared_sender(received.peer()) : nullptr;
}

void blocking_base::apply_option(const option::send_timeout& value, std::error_code& ec) {
    const call now{*this, ec};
    if (!ec)
        send_timeout_ = value.time;
}
void blocking_base::apply_option(const option::receive_timeout& value, std::error_code& ec) {
    const call now{*this, ec};
    if (!ec)
        receive_timeout_ = value.time;
}

// --- Endpoints ---

std::string blocking_base::bind(std::string_view endpoint, std::error_code& ec) {
    const call now{*this, ec};
    return ec ? std::string{} : basic_socket::bind(endpoint, ec);
}
std::string blocking_base::bind(std::string_view endpoint) {
    std::error_code ec;
    std::string bound = bind(endpoint, ec);
    raise(ec, "bind");
    return bound;
}
void blocking_base::unbind(std::string_view endpoint, std::error_code& ec) {
    const call now{*this, ec};
    if (!ec)
        basic_socket::unbind(endpoint, ec);
}
void blocking_base::unbind(std::string_view endpoint) {
    std::error_code ec;
    unbind(endpoint, ec);
    raise(ec, "unbind");
}
void blocking_base::connect(std::string_view endpoint, std::error_code& ec) {
    const call now{*this, ec};
    if (!ec)
        basic_socket::connect(endpoint, ec);
}
void blocking_base::connect(std::string_view endpoint) {
    std::error_code ec;
    connect(endpoint, ec);
    raise(ec, "connect");
}
void blocking_base::disconnect(std::string_view endpoint, std::error_code& ec) {
    const call now{*this, ec};
    if (!ec)
        basic_socket::disconnect(endpoint, ec);
}
void blocking_base::disconnect(std::string_view endpoint) {
    std::error_code ec;
    disconnect(endpoint, ec);
    raise(ec, "disconnect");
}

void blocking_base::subscribe(octets topic, bool wanted, std::error_code& ec) {
    const call now{*this, ec};
    if (ec)
        return;
    if (wanted)
        basic_socket::subscribe(topic, ec);
    else
        basic_socket::unsubscribe(topic, ec);
}

// --- Messages ---

// The first message of a burst goes out on this thread, at once. The loop's thread, which has to be
// woken, writes the others, unless they come for so long that this one had better do it.
void blocking_base::write_soon(std::size_t octets) {
    ++sent_since_turn_;
    unwritten_ = streaming_ ? unwritten_ + octets : 0;
    if (unwritten_ >= stream_block) {
        unwritten_ = 0;
        shell()->pump();
    }
    if (!shell()->core().any_work() || shell()->turn_is_posted())
        return;
    const auto now = std::chrono::steady_clock::now();
    if (const auto since = now - turned_at_; since >= stream_turn) {
        streaming_ =
            since < longest_gap && since * messages_of_stream < stream_turn * sent_since_turn_;
        sent_since_turn_ = 0;
        turned_at_ = now;
    }
    if (streaming_)
        return shell()->pump_within(stream_turn);
    if (now - written_at_ < burst)
        return shell()->pump_soon();
    written_at_ = now;
    shell()->pump();
}

bool blocking_base::send(message& m, std::optional<milliseconds> limit, std::error_code& ec) {
    const call now{*this, ec};
    if (ec)
        return false;
    socket_core& core = shell()->core();
    const std::size_t octets = m.encoded_size();
    core.send(m, ec);
    if (ec == errc::would_block) {
        shell()->pump(); // which may make room
        core.send(m, ec);
    }
    if (ec != errc::would_block) {
        write_soon(octets);
        return !ec;
    }
    waiting_call op{operation_kind::send};
    op.body = std::move(m);
    wait(op, limit.value_or(send_timeout_), ec);
    if (ec)
        m = std::move(op.body);
    return !ec;
}

bool blocking_base::receive(message& m, std::optional<milliseconds> limit, std::error_code& ec) {
    const call now{*this, ec};
    if (ec)
        return false;
    shell()->core().receive(m, ec);
    if (ec != errc::would_block) {
        shell()->pump_soon();
        return !ec;
    }
    shell()->pump(); // the answer may be to what is not written yet
    waiting_call op{operation_kind::receive};
    wait(op, limit.value_or(receive_timeout_), ec);
    if (!ec)
        m = std::move(op.result);
    return !ec;
}

// Lets the gate go meanwhile.
void blocking_base::wait(waiting_call& op, milliseconds limit, std::error_code& ec) {
    if (limit == milliseconds::zero())
        return; // would_block
    waker alarm;
    op.alarm = &alarm;
    waiting_ = true;
    shell()->start(op);
    gate_->unlock();
    gate_->loop().wait(alarm, limit);
    gate_->lock();
    waiting_ = false;
    const bool late = !op.done;
    if (late)
        shell()->cancel(op);
    ec = op.error;
    if (shell()->closed())
        ec = context_->closed() ? errc::context_closed : errc::socket_closed;
    else if (late)
        ec = std::make_error_code(std::errc::timed_out);
}

} // namespace mizzen::detail
