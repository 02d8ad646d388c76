// Reading and writing Majordomo's frames.
#include "network_order.hpp"
#include <mizzen/patterns/majordomo/wire.hpp>

#include <algorithm>
#include <charconv>
#include <span>
#include <string>

namespace mizzen::majordomo {
namespace {

using patterns::decode_tag;
using patterns::encode_tag;
using zmtp::as_text;
using version = dialect::version;

constexpr std::string_view credit_prefix = "credit=";

constexpr std::string_view client_header(version v) noexcept {
    return v == version::mdp01 ? "MDPC01" : "MDPC02";
}
constexpr std::string_view worker_header(version v) noexcept {
    return v == version::mdp01 ? "MDPW01" : "MDPW02";
}

// What the octet behind the header means, in either version.
enum class worker_command { unknown, ready, request, partial, reply, heartbeat, disconnect };

// The octets of RFC 7 and of RFC 18. 4 and 5 are in both, and mean something else.
constexpr std::array worker_commands_01{worker_command::unknown,   worker_command::ready,
                                        worker_command::request,   worker_command::reply,
                                        worker_command::heartbeat, worker_command::disconnect};
constexpr std::array worker_commands_02{worker_command::unknown,   worker_command::ready,
                                        worker_command::request,   worker_command::partial,
                                        worker_command::reply,     worker_command::heartbeat,
                                        worker_command::disconnect};

constexpr std::span<const worker_command> worker_commands(version v) noexcept {
    if (v == version::mdp01)
        return worker_commands_01;
    return worker_commands_02;
}

worker_command read_worker_command(octets frame, version v) noexcept {
    const std::span<const worker_command> known = worker_commands(v);
    if (frame.size() != 1 || std::to_integer<std::size_t>(frame[0]) >= known.size())
        return worker_command::unknown;
    return known[std::to_integer<std::size_t>(frame[0])];
}

std::byte octet_of(worker_command what, version v) noexcept {
    const std::span<const worker_command> known = worker_commands(v);
    return static_cast<std::byte>(std::find(known.begin(), known.end(), what) - known.begin());
}

// Between client and broker only 0.2 has commands.
enum class client_command : std::uint8_t { request = 1, partial = 2, reply = 3 };

// The version in a header such as "MDPC01" whose first five octets are `stem`.
std::optional<version> read_header(octets frame, std::string_view stem) noexcept {
    const std::string_view text = as_text(frame);
    if (text.size() != 6 || !text.starts_with(stem))
        return std::nullopt;
    if (text[5] == '1')
        return version::mdp01;
    if (text[5] == '2')
        return version::mdp02;
    return std::nullopt;
}
constexpr std::string_view client_stem = "MDPC0";
constexpr std::string_view worker_stem = "MDPW0";

// Goes over the frames, one a call; `next` answers false when there are none left.
class reader {
public:
    explicit reader(const message& m) noexcept : at_{m.begin()}, all_{m.size()}, left_{m.size()} {}
    bool next(octets& frame) noexcept {
        if (left_ == 0)
            return false;
        frame = *at_;
        ++at_;
        --left_;
        return true;
    }
    [[nodiscard]] std::size_t left() const noexcept { return left_; }
    [[nodiscard]] std::size_t taken() const noexcept { return all_ - left_; }

private:
    message::const_iterator at_;
    std::size_t all_;
    std::size_t left_;
};

// A worker's further frame on READY. One that cannot be read is none.
std::uint32_t read_credit(octets frame) noexcept {
    std::string_view text = as_text(frame);
    if (!text.starts_with(credit_prefix))
        return 1;
    text.remove_prefix(credit_prefix.size());
    std::uint32_t credit = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), credit);
    if (ec != std::errc{} || end != text.data() + text.size() || credit == 0)
        return 1;
    return std::min(credit, max_credit);
}

void read_from_worker(reader& frames, to_broker& out) noexcept {
    octets frame;
    if (!frames.next(frame))
        return;
    using kind = to_broker::kind;
    switch (const auto what = read_worker_command(frame, out.spoken.number)) {
    case worker_command::ready:
        if (!frames.next(frame))
            return;
        out.what = kind::ready;
        out.service = as_text(frame);
        if (frames.next(frame))
            out.credit = read_credit(frame);
        return;
    case worker_command::partial:
    case worker_command::reply:
        if (frames.next(out.handle) && frames.next(frame) && frame.empty())
            out.what = what == worker_command::reply ? kind::reply : kind::partial;
        out.head = frames.taken();
        return;
    case worker_command::heartbeat: out.what = kind::heartbeat; return;
    case worker_command::disconnect: out.what = kind::disconnect; return;
    default: out.what = kind::unknown_command; return;
    }
}

void read_from_client(reader& frames, to_broker& out, octets before) noexcept {
    octets frame;
    if (out.spoken.number == version::mdp02 &&
        !(frames.next(frame) && frame.size() == 1 &&
          static_cast<client_command>(frame[0]) == client_command::request))
        return;
    if (!frames.next(frame) || frames.left() == 0)
        return;
    out.what = to_broker::kind::client_request;
    out.service = as_text(frame);
    out.head = frames.taken();
    if (before.size() == request_tag::size)
        out.tag = decode_tag(before);
}

// Goes past the empty frame, if there is one before a 0.2 header.
bool next_header(reader& frames, octets& frame, dialect spoken) noexcept {
    if (!frames.next(frame))
        return false;
    if (frame.empty())
        return frames.next(frame);
    return spoken.number == version::mdp02;
}

message make_command(worker_command what, dialect spoken) {
    const std::byte octet = octet_of(what, spoken.number);
    message m;
    if (spoken.delimited)
        m.push_back(octets{});
    m.push_back(worker_header(spoken.number)).push_back(octets{&octet, 1});
    return m;
}

void frame_worker(message& body, worker_command what, octets address, dialect spoken) {
    const std::byte octet = octet_of(what, spoken.number);
    body.push_front(octets{}).push_front(address).push_front(octets{&octet, 1});
    body.push_front(worker_header(spoken.number));
    if (spoken.delimited)
        body.push_front(octets{});
}

void frame_client(message& body, client_command what, std::string_view service, dialect spoken) {
    const auto octet = static_cast<std::byte>(what);
    body.push_front(service);
    if (spoken.number == version::mdp02)
        body.push_front(octets{&octet, 1});
    body.push_front(client_header(spoken.number));
    if (spoken.delimited)
        body.push_front(octets{});
}

} // namespace

handle_octets encode_handle(std::uint64_t handle) noexcept {
    handle_octets frame;
    patterns::write_number(frame.data(), handle);
    return frame;
}

std::optional<reply_handle> decode_handle(octets frame) noexcept {
    if (frame.size() != 8 && frame.size() != 9)
        return std::nullopt;
    reply_handle out;
    out.handle = patterns::read_number<std::uint64_t>(frame.data());
    if (frame.size() == 9 && frame[8] != std::byte{0})
        out.outcome = status::handler_failed;
    return out;
}

to_broker parse_to_broker(const message& m, std::size_t max_envelope) noexcept {
    to_broker out;
    reader frames{m};
    octets frame;
    octets before;
    if (!frames.next(frame))
        return out;
    std::optional<version> from_worker = read_header(frame, worker_stem);
    std::optional<version> from_client = read_header(frame, client_stem);
    out.spoken.delimited = from_worker != version::mdp02 && from_client != version::mdp02;
    if (out.spoken.delimited) {
        for (; !frame.empty(); ++out.envelope) {
            before = frame;
            if (out.envelope == max_envelope || !frames.next(frame))
                return out;
        }
        if (!frames.next(frame))
            return out;
        from_worker = read_header(frame, worker_stem);
        from_client = read_header(frame, client_stem);
    }
    if (from_client) {
        out.spoken.number = *from_client;
        read_from_client(frames, out, before);
    } else if (from_worker && out.envelope == 0) {
        out.spoken.number = *from_worker;
        read_from_worker(frames, out);
    }
    return out;
}

to_worker parse_to_worker(const message& m, dialect spoken) noexcept {
    to_worker out;
    reader frames{m};
    octets frame;
    if (!next_header(frames, frame, spoken) || as_text(frame) != worker_header(spoken.number) ||
        !frames.next(frame))
        return out;
    using kind = to_worker::kind;
    switch (read_worker_command(frame, spoken.number)) {
    case worker_command::request:
        if (frames.next(out.address) && frames.next(frame) && frame.empty())
            out.what = kind::request;
        out.head = frames.taken();
        break;
    case worker_command::heartbeat: out.what = kind::heartbeat; break;
    case worker_command::disconnect: out.what = kind::disconnect; break;
    default: out.what = kind::unknown_command; break;
    }
    return out;
}

to_client parse_to_client(const message& m, dialect spoken) noexcept {
    to_client out;
    reader frames{m};
    octets frame;
    if (!frames.next(frame))
        return out;
    if (frame.size() == request_tag::reply_size) {
        out.tag = decode_tag(frame);
        out.outcome = static_cast<status>(frame.back());
        if (!out.tag || !frames.next(frame) || !frame.empty())
            return out;
    }
    if (frame.empty() ? !frames.next(frame) : spoken.number == version::mdp01)
        return out;
    if (as_text(frame) != client_header(spoken.number))
        return out;
    auto what = client_command::reply;
    if (spoken.number == version::mdp02) {
        if (!frames.next(frame) || frame.size() != 1)
            return out;
        what = static_cast<client_command>(frame[0]);
        if (what != client_command::partial && what != client_command::reply)
            return out;
    }
    if (!frames.next(frame) || frames.left() == 0)
        return out;
    out.service = as_text(frame);
    out.head = frames.taken();
    out.what = what == client_command::reply ? to_client::kind::reply : to_client::kind::partial;
    return out;
}

void drop_frames(message& m, std::size_t count) noexcept {
    while (count-- != 0)
        m.pop_front();
}

message make_ready(std::string_view service, dialect spoken, std::uint32_t credit) {
    message m = make_command(worker_command::ready, spoken);
    m.push_back(service);
    if (credit != 1)
        m.push_back(std::string{credit_prefix} + std::to_string(credit));
    return m;
}
message make_heartbeat(dialect spoken) { return make_command(worker_command::heartbeat, spoken); }
message make_disconnect(dialect spoken) { return make_command(worker_command::disconnect, spoken); }

void frame_worker_request(message& body, octets address, dialect spoken) {
    frame_worker(body, worker_command::request, address, spoken);
}
void frame_worker_partial(message& body, octets address, dialect spoken) {
    frame_worker(body, worker_command::partial, address, spoken);
}
void frame_worker_reply(message& body, octets address, dialect spoken) {
    frame_worker(body, worker_command::reply, address, spoken);
}
void frame_client_request(message& body, std::string_view service, dialect spoken) {
    frame_client(body, client_command::request, service, spoken);
}
void frame_client_partial(message& body, std::string_view service, dialect spoken) {
    frame_client(body, client_command::partial, service, spoken);
}
void frame_client_reply(message& body, std::string_view service, dialect spoken) {
    frame_client(body, client_command::reply, service, spoken);
}
void frame_tag(message& request, const request_tag& tag) {
    request.push_front(octets{encode_tag(tag)}.first(request_tag::size));
}
void frame_tag(message& reply, const request_tag& tag, status outcome) {
    reply.push_front(octets{encode_tag(tag, outcome)});
}

} // namespace mizzen::majordomo
