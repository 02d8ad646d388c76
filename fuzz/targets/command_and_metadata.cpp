// Holds: properties are read as a few lines here read them, and written again are the same octets;
// a command of the handshake, with any metadata, has the outcome, errc and position that these say.
#include "support/choices.hpp"
#include "support/watched_connection.hpp"
#include <mizzen/zmtp/metadata.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace mizzen::fuzz {
namespace {

using zmtp::property;

struct outcome {
    std::optional<errc> why; ///< Nothing: the handshake is done.
    std::size_t at = 0;
    octets routing_id;
    octets refusal;
};

std::size_t number(octets data) {
    std::size_t out = 0;
    for (const std::byte octet : data)
        out = out * 256 + std::to_integer<std::size_t>(octet);
    return out;
}

bool same_letters(std::string_view name, std::string_view lower) {
    return std::ranges::equal(name, lower, {}, [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
}

// Where the property at `at` ends; nothing if it is malformed.
std::optional<std::size_t> end_of(octets data, std::size_t at, property& out) {
    const std::size_t name = number(data.subspan(at, 1));
    if (name == 0 || data.size() < at + 1 + name + 4)
        return std::nullopt;
    const std::size_t value = number(data.subspan(at + 1 + name, 4));
    if (value > data.size() - (at + 1 + name + 4))
        return std::nullopt;
    out = {as_text(data.subspan(at + 1, name)), data.subspan(at + 1 + name + 4, value)};
    return at + 1 + name + 4 + value;
}

outcome outcome_of_metadata(octets data, const zmtp::config& cfg) {
    std::size_t count = 0;
    std::size_t values = 0;
    std::optional<socket_type> type;
    std::optional<octets> id;
    for (std::size_t at = 0; at < data.size();) {
        property p;
        const auto end = end_of(data, at, p);
        if (!end)
            return {errc::malformed_metadata, at, {}, {}};
        values += p.value.size();
        if (++count > cfg.limit.max_properties)
            return {errc::too_many_properties, at, {}, {}};
        if (values > cfg.limit.max_metadata_size)
            return {errc::metadata_too_large, at, {}, {}};
        if (same_letters(p.name, "socket-type")) {
            if (type)
                return {errc::duplicate_property, at, {}, {}};
            type = zmtp::socket_type_named(as_text(p.value));
            if (!type || !compatible(cfg.type, *type))
                return {errc::incompatible_socket_type, at, {}, {}};
        } else if (same_letters(p.name, "identity")) {
            if (id)
                return {errc::duplicate_property, at, {}, {}};
            id = p.value;
            if (id->size() > 255 || (!id->empty() && id->front() == std::byte{0}))
                return {errc::invalid_routing_id, at, {}, {}};
        }
        at = *end;
    }
    if (!type)
        return {errc::missing_socket_type, 0, {}, {}};
    return {std::nullopt, 0, id.value_or(octets{}), {}};
}

// Of a command as a whole, where one with metadata is due.
outcome outcome_of(octets body, const settings& s) {
    const auto refused = [&](std::size_t at) -> outcome {
        const octets reason = body.subspan(at);
        if (reason.empty() || number(reason.first(1)) >= reason.size())
            return {errc::malformed_command, at, {}, {}};
        return {errc::refused_by_peer, at, {}, reason.subspan(1, number(reason.first(1)))};
    };
    if (body.size() > s.cfg.limit.max_command_size)
        return {errc::command_too_large, 0, {}, {}};
    if (as_text(body).starts_with("\x5eRROR")) // what libzmq says for it
        return refused(5);
    if (body.empty() || body[0] == std::byte{0} || number(body.first(1)) >= body.size())
        return {errc::malformed_command, 0, {}, {}};
    const std::size_t data = 1 + number(body.first(1));
    const std::string_view name = as_text(body.subspan(1, data - 1));
    if (name == "ERROR")
        return refused(data);
    if (name != metadata_command(s))
        return {errc::unexpected_frame, 0, {}, {}};
    outcome out = outcome_of_metadata(body.subspan(data), s.cfg);
    out.at += data;
    return out;
}

void read_properties(octets data) {
    octets rest = data;
    std::size_t at = 0;
    std::error_code ec;
    while (const auto found = zmtp::next_property(rest, ec)) {
        property expected;
        const auto end = end_of(data, at, expected);
        must(end && *end == data.size() - rest.size(), "a property ends where it does");
        must(found->name == expected.name && same(found->value, expected.value),
             "a property has its name and its value");
        static stream again; // kept for its memory
        again.assign(encoded_property_size(*found), std::byte{0});
        must(encode_property(again.data(), *found) == again.data() + again.size() &&
                 same(again, data.subspan(at, *end - at)),
             "a property written again is the same");
        at = *end;
    }
    property none;
    must((at != data.size()) == bool(ec), "what is not read is malformed");
    must(!ec || !end_of(data, at, none), "what is malformed is");
    must(rest.size() == data.size() - at, "what is malformed is left where it is");
}

struct witness : listener {
    outcome& expected;
    bool done = false;

    explicit witness(outcome& of) noexcept : expected{of} {}
    void on_handshake(const connection& link) noexcept {
        must(!expected.why, "what should not do does not do");
        must(same(link.peer_routing_id(), expected.routing_id),
             "the routing id is what the peer said");
        done = true;
    }
};

void run(choices from) {
    watched_memory memory;
    settings s = read_settings(from, memory);
    s.judge = judging::fairly;
    s.wrong_password = false;
    const std::uint8_t shape = from.octet();
    const octets data = from.rest();
    read_properties(data);

    static stream heard; // as all here, kept for its memory
    static stream body;
    heard.clear();
    body.clear();
    put_opening(heard, s);
    put_credentials(heard, s);
    if ((shape & 3) != 0) { // else all of the command is chosen
        const std::string_view name = metadata_command(s);
        put(body, name.size());
        put(body, name);
    }
    if ((shape & 3) == 2) // or at least one property is right
        put_property(body, "Socket-Type", as_octets(name_of(s.peer_type)));
    put(body, data);
    const std::size_t before = heard.size();
    put_frame(heard, 4, body);
    const std::size_t start = heard.size() - body.size();

    outcome expected = outcome_of(body, s);
    witness judge{expected};
    watched_connection link{s, memory, judge};
    if (check(s.cfg))
        return; // it closed at once, and said why
    link.hear(octets{heard}.first(before));
    link.answer_if_asked();
    cuts pieces{static_cast<std::uint8_t>(shape >> 2), heard.size()};
    for (octets rest = octets{heard}.subspan(before); !rest.empty() && link.link().is_open();)
        link.hear(pieces.next(rest));
    must(judge.done == !expected.why, "what should do does");
    if (expected.why) {
        must(link.closed() == *expected.why, "the first thing that is wrong is told");
        const std::size_t at = *expected.why == errc::command_too_large
                                   ? start - (body.size() > 255 ? 9 : 2)
                                   : start + expected.at;
        must(link.link().failed_at() == at, "it stands where it is");
        must(*expected.why != errc::refused_by_peer ||
                 link.link().refusal() == as_text(expected.refusal),
             "the peer's reason is handed on");
    }
    link.finish();
}

} // namespace
} // namespace mizzen::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    mizzen::fuzz::run({data, size});
    return 0;
}
