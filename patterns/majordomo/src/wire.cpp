// Reading and writing Majordomo's frames.
#include <mizzen/patterns/majordomo/wire.hpp>

#include <algorithm>

namespace mizzen::majordomo {
namespace {

using patterns::decode_tag;
using patterns::encode_tag;
using zmtp::as_text;

// Goes over the frames, one a call; `next` answers false when there are none left.
class reader {
public:
    explicit reader(const message& m) noexcept : at_{m.begin()}, left_{m.size()} {}
    bool next(octets& frame) noexcept {
        if (left_ == 0)
            return false;
        frame = *at_;
        ++at_;
        --left_;
        return true;
    }
    [[nodiscard]] std::size_t left() const noexcept { return left_; }

private:
    message::const_iterator at_;
    std::size_t left_;
};

void read_worker_command(reader& frames, to_broker& out) noexcept {
    octets frame;
    if (!frames.next(frame))
        return;
    using kind = to_broker::kind;
    out.what = kind::unknown_command;
    if (frame.size() != 1)
        return;
    switch (static_cast<command>(frame[0])) {
    case command::ready:
        out.what = frames.next(frame) ? kind::ready : kind::malformed;
        out.service = as_text(frame);
        break;
    case command::reply:
        out.what = kind::malformed;
        if (frames.next(out.handle) && frames.next(frame) && frame.empty())
            out.what = kind::reply;
        break;
    case command::heartbeat: out.what = kind::heartbeat; break;
    case command::disconnect: out.what = kind::disconnect; break;
    default: break;
    }
}

message make_command(command what) {
    const auto octet = static_cast<std::byte>(what);
    message m;
    m.push_back(octets{}).push_back(worker_header).push_back(octets{&octet, 1});
    return m;
}

void frame_worker(message& body, command what, octets address) {
    const auto octet = static_cast<std::byte>(what);
    body.push_front(octets{}).push_front(address).push_front(octets{&octet, 1});
    body.push_front(worker_header).push_front(octets{});
}

} // namespace

handle_octets encode_handle(std::uint64_t handle) noexcept {
    handle_octets frame;
    for (unsigned i = 0; i < 8; ++i)
        frame[i] = static_cast<std::byte>(handle >> (56 - 8 * i));
    return frame;
}

std::optional<reply_handle> decode_handle(octets frame) noexcept {
    if (frame.size() != 8 && frame.size() != 9)
        return std::nullopt;
    reply_handle out;
    for (std::size_t i = 0; i < 8; ++i)
        out.handle = (out.handle << 8) | std::to_integer<std::uint64_t>(frame[i]);
    if (frame.size() == 9 && frame[8] != std::byte{0})
        out.outcome = status::handler_failed;
    return out;
}

bool valid_service_name(std::string_view name, std::size_t limit) noexcept {
    return !name.empty() && name.size() <= limit &&
           std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

to_broker parse_to_broker(const message& m, std::size_t max_envelope) noexcept {
    to_broker out;
    reader frames{m};
    octets frame;
    octets before;
    for (;; ++out.envelope, before = frame) {
        if (out.envelope > max_envelope || !frames.next(frame))
            return out;
        if (frame.empty())
            break;
    }
    if (!frames.next(frame))
        return out;
    if (as_text(frame) == worker_header && out.envelope == 0) {
        read_worker_command(frames, out);
    } else if (as_text(frame) == client_header && frames.next(frame) && frames.left() != 0) {
        out.what = to_broker::kind::client_request;
        out.service = as_text(frame);
        if (before.size() == request_tag::size)
            out.tag = decode_tag(before);
    }
    return out;
}

to_worker parse_to_worker(const message& m) noexcept {
    to_worker out;
    reader frames{m};
    octets frame;
    if (!frames.next(frame) || !frame.empty() || !frames.next(frame) ||
        as_text(frame) != worker_header || !frames.next(frame))
        return out;
    using kind = to_worker::kind;
    out.what = kind::unknown_command;
    if (frame.size() != 1)
        return out;
    switch (static_cast<command>(frame[0])) {
    case command::request:
        out.what = kind::malformed;
        if (frames.next(out.address) && frames.next(frame) && frame.empty())
            out.what = kind::request;
        break;
    case command::heartbeat: out.what = kind::heartbeat; break;
    case command::disconnect: out.what = kind::disconnect; break;
    default: break;
    }
    return out;
}

to_client parse_to_client(const message& m) noexcept {
    to_client out;
    reader frames{m};
    octets frame;
    if (!frames.next(frame))
        return out;
    if (frame.size() == request_tag::reply_size) {
        out.tag = decode_tag(frame);
        out.outcome = static_cast<status>(frame.back());
        if (!out.tag || !frames.next(frame))
            return out;
    }
    if (frame.empty() && frames.next(frame) && as_text(frame) == client_header &&
        frames.next(frame) && frames.left() != 0) {
        out.service = as_text(frame);
        out.well_formed = true;
    }
    return out;
}

void drop_frames(message& m, std::size_t count) noexcept {
    while (count-- != 0)
        m.pop_front();
}

message make_ready(std::string_view service) {
    message m = make_command(command::ready);
    m.push_back(service);
    return m;
}
message make_heartbeat() { return make_command(command::heartbeat); }
message make_disconnect() { return make_command(command::disconnect); }

void frame_worker_request(message& body, octets address) {
    frame_worker(body, command::request, address);
}
void frame_worker_reply(message& body, octets address) {
    frame_worker(body, command::reply, address);
}
void frame_client(message& body, std::string_view service) {
    body.push_front(service).push_front(client_header).push_front(octets{});
}
void frame_tag(message& request, const request_tag& tag) {
    request.push_front(octets{encode_tag(tag)}.first(request_tag::size));
}
void frame_tag(message& reply, const request_tag& tag, status outcome) {
    reply.push_front(octets{encode_tag(tag, outcome)});
}

} // namespace mizzen::majordomo
