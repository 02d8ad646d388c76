// The handle's calls, handed on to the shell.
#include "context_state.hpp"
#include "socket_shell.hpp"
#include <mizzen/detail/basic_socket.hpp>

#include <variant>

namespace mizzen::detail {
namespace {

constexpr auto invalid = errc::invalid_option;
constexpr std::size_t longest_domain = 255; // 27/ZAP

bool negative(option::milliseconds time) { return time < option::milliseconds::zero(); }

} // namespace

basic_socket::basic_socket(asio::any_io_executor executor, zmtp::socket_type type,
                           const context& shared)
    : shell_{std::make_shared<socket_shell>(std::move(executor), type, shared.state()->names)} {}

basic_socket::~basic_socket() { close(); }

basic_socket& basic_socket::operator=(basic_socket&& other) noexcept {
    if (this != &other) {
        close();
        shell_ = std::move(other.shell_);
    }
    return *this;
}

void basic_socket::raise(std::error_code ec, const char* what) {
    if (ec)
        throw std::system_error(ec, what);
}

basic_socket::executor_type basic_socket::get_executor() const noexcept {
    return shell_->executor();
}

bool basic_socket::is_open() const noexcept { return shell_ && !shell_->closed(); }

void basic_socket::close() noexcept {
    if (shell_)
        shell_->close();
}

socket_stats basic_socket::stats() const { return shell_->core().stats; }
std::vector<peer_info> basic_socket::peers() const { return shell_->core().peers(); }
std::optional<peer_info> basic_socket::peer(peer_id id) const { return shell_->core().peer(id); }
const peer_identity* basic_socket::sender(const message& received) const {
    return shell_->core().sender(received.peer());
}

// --- Options ---

void basic_socket::apply(const option::send_high_water_mark& value, std::error_code& ec) {
    ec.clear();
    shell_->core().options.send_mark = value.messages;
}
void basic_socket::apply(const option::receive_high_water_mark& value, std::error_code& ec) {
    ec.clear();
    shell_->core().options.receive_mark = value.messages;
}
void basic_socket::apply(const option::high_water_octets& value, std::error_code& ec) {
    ec = value.octets == 0 ? make_error_code(invalid) : std::error_code{};
    if (!ec)
        shell_->core().options.mark_octets = value.octets;
}
void basic_socket::apply(const option::linger& value, std::error_code& ec) {
    ec.clear();
    shell_->core().options.linger = value.time;
}
void basic_socket::apply(const option::reconnect_interval& value, std::error_code& ec) {
    const bool wrong = value.first <= option::milliseconds::zero() || value.maximum < value.first;
    ec = wrong ? make_error_code(invalid) : std::error_code{};
    if (wrong)
        return;
    shell_->core().options.reconnect_first = value.first;
    shell_->core().options.reconnect_maximum = value.maximum;
}
void basic_socket::apply(const option::handshake_timeout& value, std::error_code& ec) {
    ec = negative(value.time) ? make_error_code(invalid) : std::error_code{};
    if (ec)
        return;
    shell_->core().options.limit.handshake_time = value.time;
    shell_->core().options_changed();
}
void basic_socket::apply(const option::busy_poll& value, std::error_code& ec) {
    ec = value.time.count() < 0 ? make_error_code(invalid) : std::error_code{};
    if (!ec)
        shell_->core().options.busy_poll = value.time;
}
void basic_socket::apply(const option::connect_timeout& value, std::error_code& ec) {
    ec = negative(value.time) ? make_error_code(invalid) : std::error_code{};
    if (!ec)
        shell_->core().options.connect_timeout = value.time;
}
void basic_socket::apply(const option::tcp_keep_alive& value, std::error_code& ec) {
    constexpr std::chrono::seconds longest{32'767}; // the kernel's
    const bool wrong = value.idle.count() < 0 || value.idle > longest ||
                       value.interval.count() < 0 || value.interval > longest || value.count < 0 ||
                       value.count > 127;
    ec = wrong ? make_error_code(invalid) : std::error_code{};
    if (wrong)
        return;
    stream_options& stream = shell_->core().options.stream;
    stream.keep_alive = value.on;
    stream.keep_alive_idle = value.idle;
    stream.keep_alive_interval = value.interval;
    stream.keep_alive_count = value.count;
}
void basic_socket::apply(const option::tcp_buffers& value, std::error_code& ec) {
    ec = value.send < -1 || value.receive < -1 ? make_error_code(invalid) : std::error_code{};
    if (ec)
        return;
    shell_->core().options.stream.send_buffer = value.send;
    shell_->core().options.stream.receive_buffer = value.receive;
}
void basic_socket::apply(const option::max_handshakes& value, std::error_code& ec) {
    ec = value.count == 0 ? make_error_code(invalid) : std::error_code{};
    if (!ec)
        shell_->core().options.max_handshakes = value.count;
}
void basic_socket::apply(const option::heartbeat& value, std::error_code& ec) {
    constexpr option::milliseconds longest_ttl{65'500};
    const bool wrong = negative(value.interval) || negative(value.ttl) || value.ttl > longest_ttl;
    ec = wrong ? make_error_code(invalid) : std::error_code{};
    if (wrong)
        return;
    shell_->core().options.beat = {value.interval, value.timeout, value.ttl};
    shell_->core().options_changed();
}
void basic_socket::apply(const option::max_message_size& value, std::error_code& ec) {
    ec.clear();
    shell_->core().options.limit.max_message_size = value.octets;
    shell_->core().options_changed();
}
void basic_socket::apply(const option::routing_id& value, std::error_code& ec) {
    const bool wrong = value.id.empty() || value.id.size() > 255 || value.id.front() == '\0';
    ec = wrong ? make_error_code(invalid) : std::error_code{};
    if (wrong)
        return;
    shell_->core().options.routing_id = value.id;
    shell_->core().options_changed();
}
void basic_socket::apply(const option::no_security& /*value*/, std::error_code& ec) {
    ec.clear();
    secure(nullptr, ec);
}
void basic_socket::apply(const option::plain_client& value, std::error_code& ec) {
    secure(make_security(value, ec), ec);
}
void basic_socket::apply(const option::plain_server& value, std::error_code& ec) {
    secure(make_security(value, ec), ec);
}
void basic_socket::apply(const option::curve_client& value, std::error_code& ec) {
    secure(make_security(value, ec), ec);
}
void basic_socket::apply(const option::curve_server& value, std::error_code& ec) {
    secure(make_security(value, ec), ec);
}
void basic_socket::secure(std::shared_ptr<const socket_security> how, const std::error_code& ec) {
    if (ec)
        return;
    shell_->core().options.security = std::move(how);
    shell_->core().options_changed();
}
void basic_socket::apply(const option::authentication& value, std::error_code& ec) {
    ec = value.who == nullptr || value.domain.size() > longest_domain ? make_error_code(invalid)
                                                                      : std::error_code{};
    if (!ec)
        ask(value.who, value.domain);
}
void basic_socket::apply(const option::security& value, std::error_code& ec) {
    ec = value.domain.size() > longest_domain ? make_error_code(invalid) : std::error_code{};
    if (!ec)
        std::visit([&](const auto& mechanism) { apply(mechanism, ec); }, value.mechanism);
    if (!ec)
        ask(value.who, value.domain);
}
void basic_socket::ask(const std::shared_ptr<authenticator>& who, const std::string& domain) {
    shell_->core().options.who = who;
    shell_->core().options.domain = domain;
    shell_->core().options_changed();
    if (who)
        shell_->watch_rules_of(*who);
}
void basic_socket::apply(const option::backlog& value, std::error_code& ec) {
    ec = value.connections <= 0 ? make_error_code(invalid) : std::error_code{};
    if (!ec)
        shell_->core().options.backlog = value.connections;
}
void basic_socket::apply(const option::router_mandatory& value, std::error_code& ec) {
    ec.clear();
    shell_->core().options.router_mandatory = value.on;
}
void basic_socket::apply(const option::router_handover& value, std::error_code& ec) {
    ec.clear();
    shell_->core().options.router_handover = value.on;
}
void basic_socket::apply(const option::report_peers& value, std::error_code& ec) {
    ec.clear();
    shell_->core().options.report_peers = value.on;
}

void basic_socket::apply(const option::immediate& value, std::error_code& ec) {
    ec.clear();
    shell_->core().options.immediate = value.on;
}
void basic_socket::apply(const option::conflate& value, std::error_code& ec) {
    ec.clear();
    shell_->core().options.conflate = value.on;
}
void basic_socket::apply(const option::probe_router& value, std::error_code& ec) {
    ec.clear();
    shell_->core().options.probe_router = value.on;
}
void basic_socket::apply(const option::req_relaxed& value, std::error_code& ec) {
    ec.clear();
    shell_->core().options.req_relaxed = value.on;
}
void basic_socket::apply(const option::req_correlate& value, std::error_code& ec) {
    ec.clear();
    shell_->core().options.req_correlate = value.on;
}
void basic_socket::apply(const option::publish_no_drop& value, std::error_code& ec) {
    ec.clear();
    shell_->core().options.publish_no_drop = value.on;
}
void basic_socket::apply(const option::connect_routing_id& value, std::error_code& ec) {
    ec = value.id.empty() || value.id.size() > 255 ? make_error_code(invalid) : std::error_code{};
    if (!ec)
        shell_->core().options.connect_routing_id = value.id;
}
void basic_socket::apply(const option::xpub_reports& value, std::error_code& ec) {
    ec.clear();
    shell_->core().options.reports = value.what;
}
void basic_socket::apply(const option::xpub_manual& value, std::error_code& ec) {
    ec.clear();
    shell_->core().options.xpub_manual = value.on;
    shell_->core().options.xpub_last_value = value.on && value.last_value;
}
void basic_socket::apply(const option::xpub_welcome& value, std::error_code& ec) {
    ec.clear();
    shell_->core().options.welcome = value.body;
}

// --- Endpoints ---

std::string basic_socket::bind(std::string_view endpoint, std::error_code& ec) {
    return shell_->bind(endpoint, ec);
}
std::string basic_socket::bind(std::string_view endpoint) {
    std::error_code ec;
    std::string bound = bind(endpoint, ec);
    raise(ec, "bind");
    return bound;
}
void basic_socket::unbind(std::string_view endpoint, std::error_code& ec) {
    shell_->unbind(endpoint, ec);
}
void basic_socket::unbind(std::string_view endpoint) {
    std::error_code ec;
    unbind(endpoint, ec);
    raise(ec, "unbind");
}
void basic_socket::connect(std::string_view endpoint, std::error_code& ec) {
    shell_->connect(endpoint, ec);
}
void basic_socket::connect(std::string_view endpoint) {
    std::error_code ec;
    connect(endpoint, ec);
    raise(ec, "connect");
}
void basic_socket::disconnect(std::string_view endpoint, std::error_code& ec) {
    shell_->disconnect(endpoint, ec);
}
void basic_socket::disconnect(std::string_view endpoint) {
    std::error_code ec;
    disconnect(endpoint, ec);
    raise(ec, "disconnect");
}

// --- Messages ---

bool basic_socket::try_send(message& m, std::error_code& ec) {
    if (shell_->closed()) {
        ec = errc::socket_closed;
        return false;
    }
    const std::size_t octets = m.encoded_size();
    if (shell_->core().send_quickly(m, octets)) {
        if (ec)
            ec.clear();
        static_cast<void>(shell_->pump_if_enough(octets));
        return true;
    }
    shell_->core().send(m, ec);
    shell_->pump_soon_or_enough(ec ? 0 : octets);
    return !ec;
}

bool basic_socket::try_send_to(peer_id to, message& m, std::error_code& ec) {
    if (shell_->closed()) {
        ec = errc::socket_closed;
        return false;
    }
    const std::size_t octets = m.encoded_size();
    shell_->core().send_to(to, m, ec);
    shell_->pump_soon_or_enough(ec ? 0 : octets);
    return !ec;
}

bool basic_socket::try_receive(message& m, std::error_code& ec) {
    if (shell_->closed()) {
        ec = errc::socket_closed;
        return false;
    }
    if (shell_->core().receive_quickly(m, true)) {
        if (ec)
            ec.clear();
        return true;
    }
    shell_->core().receive(m, ec);
    shell_->pump_soon();
    return !ec;
}

bool basic_socket::try_receive_from(message& m) {
    std::error_code ec;
    if (shell_->closed())
        return false;
    if (shell_->core().receive_quickly(m, false))
        return true;
    shell_->core().receive_raw(m, ec);
    shell_->pump_soon();
    return !ec;
}

void basic_socket::hold(peer_id peer, bool on, std::error_code& ec) {
    if (shell_->closed()) {
        ec = errc::socket_closed;
        return;
    }
    shell_->core().hold(peer, on, ec);
    shell_->pump_soon();
}

void basic_socket::subscribe(octets topic, std::error_code& ec) {
    if (shell_->closed()) {
        ec = errc::socket_closed;
        return;
    }
    shell_->core().subscribe(topic, ec);
    shell_->pump_soon();
}
void basic_socket::unsubscribe(octets topic, std::error_code& ec) {
    if (shell_->closed()) {
        ec = errc::socket_closed;
        return;
    }
    shell_->core().unsubscribe(topic, ec);
    shell_->pump_soon();
}

void basic_socket::enqueue(operation& op) { shell_->start(op); }

void basic_socket::cancel(const std::weak_ptr<socket_shell>& shell, operation& op) {
    if (const auto alive = shell.lock())
        alive->cancel(op);
}

} // namespace mizzen::detail
