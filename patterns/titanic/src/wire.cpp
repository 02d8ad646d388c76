// Reading and writing of what the services of Titanic are asked, and answer.
#include "little_endian.hpp"
#include <mizzen/patterns/titanic/wire.hpp>

#include <algorithm>
#include <string>

namespace mizzen::titanic {
namespace {

using kind = service_call::kind;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

kind kind_of(std::string_view service) noexcept {
    if (service == request_service)
        return kind::request;
    if (service == submit_service)
        return kind::submit;
    if (service == reply_service)
        return kind::reply;
    if (service == close_service)
        return kind::close;
    return kind::malformed;
}

service_call trouble(std::string_view why) noexcept {
    service_call out;
    out.trouble = why;
    return out;
}

bool read_id(octets frame, request_id& id) noexcept {
    const auto read = parse_request_id(zmtp::as_text(frame));
    if (read)
        id = *read;
    return read.has_value();
}

std::string_view digits_of(service_status what) noexcept {
    switch (what) {
    case service_status::ok: return "200";
    case service_status::pending: return "300";
    case service_status::refused: return "400";
    case service_status::failed: return "500";
    }
    return "500";
}

} // namespace

bool valid_target(std::string_view name) noexcept {
    if (name.empty() || name.size() > max_target_name || name.starts_with("mmi.") ||
        name.starts_with(service_prefix))
        return false;
    return std::all_of(name.begin(), name.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

service_call parse_call(std::string_view service, const message& body) noexcept {
    service_call out;
    out.what = kind_of(service);
    if (out.what == kind::malformed)
        return trouble("no such service of Titanic");
    auto at = body.begin();
    std::size_t left = body.size();
    if (out.what != kind::request) {
        if (left == 0 || !read_id(*at, out.id))
            return trouble("not a request id");
        ++at;
        --left;
    }
    if (out.what == kind::reply || out.what == kind::close)
        return left == 0 ? out : trouble("one frame is expected, with a request id");
    if (left < 2)
        return trouble("a service and a body are expected");
    out.target = zmtp::as_text(*at);
    out.head = body.size() - left + 1;
    return valid_target(out.target) ? out : trouble("not a service's name");
}

service_answer parse_answer(const message& body) noexcept {
    service_answer out;
    if (body.empty())
        return out;
    const std::string_view digits = zmtp::as_text(body.front());
    if (digits.size() < 3 || !std::all_of(digits.begin(), digits.begin() + 3, is_digit) ||
        (digits.size() > 3 && digits[3] != ' '))
        return out;
    switch (digits[0]) {
    case '2': out.status = service_status::ok; break;
    case '3': out.status = service_status::pending; break;
    case '4': out.status = service_status::refused; break;
    case '5': out.status = service_status::failed; break;
    default: return out;
    }
    if (body.size() < 2)
        return out;
    const std::string_view second = body.text(1);
    if (out.status == service_status::ok)
        out.id = parse_request_id(second);
    else
        out.text = second;
    return out;
}

void frame_request(message& body, std::string_view target) { body.push_front(target); }

void frame_submit(message& body, std::string_view target, const request_id& id) {
    body.push_front(target);
    body.push_front(to_text(id));
}

message make_inquiry(const request_id& id) { return message{to_text(id)}; }

message make_answer(service_status what, std::string_view text) {
    message out{digits_of(what)};
    if (!text.empty())
        out.push_back(text);
    return out;
}

message make_answer(const request_id& id) {
    message out{digits_of(service_status::ok)};
    out.push_back(to_text(id));
    return out;
}

void frame_answer(message& body) { body.push_front(digits_of(service_status::ok)); }

std::size_t stored_size(const message& body, std::size_t first) noexcept {
    std::size_t size = 0;
    std::size_t number = 0;
    for (const octets part : body) {
        if (number++ >= first)
            size += 4 + part.size();
    }
    return size;
}

std::span<const octets> stored_pieces::of(const message& body, std::size_t first) {
    const std::size_t count = body.size() > first ? body.size() - first : 0;
    lengths_.resize(count); // to its end, before there are views of it
    pieces_.clear();
    std::size_t number = 0;
    for (const octets part : body) {
        if (number++ < first)
            continue;
        auto& length = lengths_[number - 1 - first];
        put(length.data(), static_cast<std::uint32_t>(part.size()));
        pieces_.emplace_back(length);
        pieces_.push_back(part);
    }
    return pieces_;
}

bool restore_frames(octets stored, message& to) {
    if (stored.empty())
        return false;
    while (!stored.empty()) {
        if (stored.size() < 4)
            return false;
        const std::size_t size = get<std::uint32_t>(stored.data());
        stored = stored.subspan(4);
        if (size > stored.size())
            return false;
        to.push_back(stored.first(size));
        stored = stored.subspan(size);
    }
    return true;
}

} // namespace mizzen::titanic
