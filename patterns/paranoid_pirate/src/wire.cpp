// Reading and writing the pirates' frames.
#include <mizzen/patterns/paranoid_pirate/wire.hpp>

namespace mizzen::paranoid_pirate {
namespace {

using zmtp::as_text;

constexpr std::string_view ready_octet = "\x01";
constexpr std::string_view heartbeat_octet = "\x02";
constexpr std::string_view ready_word = "READY";
constexpr std::string_view heartbeat_word = "HEARTBEAT";

int digit_of(char c) noexcept {
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

to_queue parse_signal(std::string_view frame, protocol how) noexcept {
    using kind = to_queue::kind;
    to_queue out;
    if (frame == ready_octet || frame == ready_word) {
        out.what = kind::ready;
        out.spoken = frame == ready_word ? dialect::words : dialect::binary;
    } else if (how == protocol::paranoid && (frame == heartbeat_octet || frame == heartbeat_word)) {
        out.what = kind::heartbeat;
        out.spoken = frame == heartbeat_word ? dialect::words : dialect::binary;
    }
    return out;
}

} // namespace

handle_text encode_handle(std::uint64_t handle) noexcept {
    handle_text text{};
    for (std::size_t i = text.size(); i-- != 0; handle >>= 4)
        text[i] = "0123456789abcdef"[handle & 15];
    return text;
}

std::optional<reply_handle> decode_handle(octets frame) noexcept {
    constexpr std::size_t digits = handle_text{}.size();
    if (frame.size() != digits && frame.size() != digits + 1)
        return std::nullopt;
    reply_handle out;
    for (const char c : as_text(frame.first(digits))) {
        const int digit = digit_of(c);
        if (digit < 0)
            return std::nullopt;
        out.handle = (out.handle << 4) | static_cast<std::uint64_t>(digit);
    }
    if (frame.size() > digits)
        out.outcome = patterns::status::handler_failed;
    return out;
}

to_queue parse_to_queue(const message& m, protocol how) noexcept {
    const std::size_t leading = how == protocol::simple ? 1 : 0;
    if (m.size() < 1 + leading || (leading == 1 && !m.front().empty()))
        return {};
    auto at = m.begin();
    if (leading == 1)
        ++at;
    const octets first = *at;
    if (m.size() == 1 + leading)
        return parse_signal(as_text(first), how);
    to_queue out;
    if (first.empty() || !(*++at).empty() || m.size() < 3 + leading)
        return out;
    out.what = to_queue::kind::reply;
    out.handle = first;
    out.head = 2 + leading;
    return out;
}

message make_ready(protocol how, dialect spoken) {
    message m{spoken == dialect::words ? ready_word : ready_octet};
    if (how == protocol::simple)
        m.push_front(octets{});
    return m;
}

message make_heartbeat(dialect spoken) {
    return message{spoken == dialect::words ? heartbeat_word : heartbeat_octet};
}

bool is_heartbeat(const message& m) noexcept {
    return m.size() == 1 && (m.text(0) == heartbeat_octet || m.text(0) == heartbeat_word);
}

void frame_request(message& body, protocol how, std::uint64_t handle) {
    const handle_text text = encode_handle(handle);
    body.push_front(octets{}).push_front(std::string_view{text.data(), text.size()});
    if (how == protocol::simple)
        body.push_front(octets{});
}

} // namespace mizzen::paranoid_pirate
