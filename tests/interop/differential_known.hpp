// What libzmq is known to say otherwise of the same octets. An entry looks at the octets that it is
// about, so that a mistake of ours does not pass for it.
#pragma once

#include "differential.hpp"
#include <mizzen/zmtp/frame_header.hpp>
#include <mizzen/zmtp/metadata.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace mizzen::testing::differential {

// --- What there is to look at ---

inline bool is_subscription(std::string_view command) {
    return command.starts_with("\x09SUBSCRIBE") || command.starts_with("\6CANCEL");
}

struct frame {
    std::size_t at = 0;
    zmtp::frame_header header;
    std::string_view body; // as far as it has come

    [[nodiscard]] bool is(std::string_view name) const { // with its length in front
        return body.starts_with(name);
    }
    [[nodiscard]] bool subscribes() const { return header.command() && is_subscription(body); }
};

struct property {
    std::size_t at = 0;   // in the stream
    std::size_t left = 0; // octets of the metadata, from there on
    std::string_view name;
    std::size_t announced = 0; // octets of the value
    std::string_view value;    // as far as it has come

    [[nodiscard]] bool is(std::string_view other) const { return zmtp::same_property(name, other); }
};

struct result {
    trial what;
    bytes told; // the probe as well: what is cut short goes on with it
    our_outcome us;
    outcome them;

    [[nodiscard]] bool refused(errc why) const {
        return us.verdict == state::closed && us.why == why;
    }
    [[nodiscard]] unsigned octet(std::size_t at) const {
        return std::to_integer<unsigned>(told[at]);
    }
    [[nodiscard]] std::vector<frame> frames() const;
    [[nodiscard]] frame frame_with(std::size_t at) const {
        const std::vector<frame> all = frames();
        const auto next =
            std::find_if(all.begin(), all.end(), [&](const frame& f) { return f.at > at; });
        return next == all.begin() ? frame{} : *std::prev(next);
    }
    /// Of READY or INITIATE, as libzmq cuts them.
    [[nodiscard]] std::vector<property> properties() const;
    /// Those up to the one at which we took offence, or none.
    [[nodiscard]] std::vector<property> properties_broken() const {
        std::vector<property> all = properties();
        while (!all.empty() && all.back().at != us.failed_at)
            all.pop_back();
        return all;
    }
};

inline std::vector<frame> result::frames() const {
    std::vector<frame> out;
    octets rest = octets{told}.subspan(std::min(told.size(), greeting_size));
    frame next;
    while (const std::size_t head = zmtp::decode_frame_header(rest, next.header)) {
        const std::size_t size = std::min<std::uint64_t>(next.header.size, rest.size() - head);
        next.at = told.size() - rest.size();
        next.body = zmtp::as_text(rest.subspan(head, size));
        out.push_back(next);
        rest = rest.subspan(head + size);
    }
    return out;
}

inline std::vector<property> result::properties() const {
    const std::vector<frame> all = frames();
    const std::size_t which = what.to.plain ? 1 : 0;
    const std::string_view command = what.to.plain ? "\x08INITIATE" : "\5READY";
    if (all.size() <= which || !all[which].is(command))
        return {};
    const frame& from = all[which];
    std::vector<property> out;
    for (std::string_view rest = from.body.substr(command.size()); !rest.empty();) {
        property next;
        next.at = from.at + from.header.octets + from.body.size() - rest.size();
        next.left = rest.size();
        const auto take = [&rest](std::size_t size) {
            const std::string_view taken = rest.substr(0, size);
            rest.remove_prefix(taken.size());
            return taken;
        };
        next.name = take(static_cast<unsigned char>(take(1)[0]));
        for (const char octet : take(4))
            next.announced = next.announced * 256 + static_cast<unsigned char>(octet);
        next.value = take(next.announced);
        out.push_back(next);
    }
    return out;
}

// --- What is known to differ ---

struct difference {
    std::string_view name;
    bool (*explains)(const result&);
    std::string_view reason;
};

// One of libzmq's messages satisfies that.
template <class Condition> bool delivered(const result& r, Condition condition) {
    return std::any_of(r.them.messages.begin(), r.them.messages.end(), condition);
}

inline parts parts_of(const outcome& o) {
    parts out;
    for (const parts& message : o.messages)
        out.insert(out.end(), message.begin(), message.end());
    return out;
}
// In any order.
inline bool include(parts all, parts some) {
    std::sort(all.begin(), all.end());
    std::sort(some.begin(), some.end());
    return std::includes(all.begin(), all.end(), some.begin(), some.end());
}
inline bool subscribes_within_message(const result& r) {
    bool within = false;
    for (const frame& f : r.frames()) {
        if (f.subscribes() && (within || f.header.more()))
            return true;
        within = f.header.command() ? within : f.header.more();
    }
    return false;
}

inline std::size_t size_of(const parts& message) {
    std::size_t size = 0;
    for (const std::string& part : message)
        size += part.size();
    return size;
}

// In the order of zmtp/README.md's table.
inline constexpr difference known[] = {
    {"zmtp-1",
     [](const result& r) {
         return (r.refused(errc::not_zmtp) || r.refused(errc::zmtp_1_peer)) &&
                (r.octet(0) != 0xff || (r.octet(9) & 1) == 0);
     },
     "libzmq reads whatever comes as ZMTP 1.0"},
    {"zmtp-2", [](const result& r) { return r.refused(errc::zmtp_2_peer) && r.octet(10) < 3; },
     "libzmq talks to ZMTP 2.0 peers, and to version 2 as to 3.1"},
    {"mechanism-early",
     [](const result& r) {
         return r.refused(errc::mechanism_mismatch) && r.them == outcome{} &&
                r.told.size() < greeting_size;
     },
     "libzmq looks at the mechanism only once the greeting is whole"},
    {"command-unflagged",
     [](const result& r) {
         const frame f = r.frame_with(r.us.failed_at);
         return r.refused(errc::unexpected_frame) && f.at == r.us.failed_at &&
                !f.header.command() &&
                (r.what.to.plain ? f.is("\5HELLO") || f.is("\x08INITIATE") : f.is("\5READY"));
     },
     "libzmq takes commands of the handshake whose frames are none"},
    {"message-early",
     [](const result& r) {
         const frame f = r.frame_with(r.us.failed_at);
         return r.refused(errc::unexpected_frame) && f.at == r.us.failed_at &&
                !f.header.command() && f.body.size() < f.header.size && r.them == outcome{};
     },
     "libzmq waits for the rest of a message that is out of place"},
    {"credentials",
     [](const result& r) {
         return r.refused(errc::authentication_failed) && r.them == outcome{} &&
                r.frames()[0].body != "\5HELLO\5admin\6secret";
     },
     "libzmq leaves those connected whom it has refused"},
    {"property-cut-short",
     [](const result& r) {
         const std::vector<property> all = r.properties_broken();
         if (!r.refused(errc::malformed_metadata) || all.empty() || all.back().name.empty())
             return false;
         const std::size_t to_size = 1 + all.back().name.size();
         return all.back().left == to_size ||
                (all.back().left == to_size + 4 && all.back().announced != 0);
     },
     "libzmq takes metadata that ends behind a name or behind the size of a value"},
    {"properties",
     [](const result& r) {
         return r.refused(errc::too_many_properties) && r.properties_broken().size() == 65;
     },
     "libzmq takes any number of properties"},
    {"no-socket-type",
     [](const result& r) {
         const std::vector<property> all = r.properties();
         return r.refused(errc::missing_socket_type) &&
                std::none_of(all.begin(), all.end(),
                             [](const property& p) { return p.is("Socket-Type"); });
     },
     "libzmq does not need a Socket-Type"},
    {"property-case",
     [](const result& r) {
         const std::vector<property> all = r.properties_broken();
         if (all.empty() || all.back().name == "Socket-Type" || all.back().name == "Identity")
             return false;
         return (r.refused(errc::incompatible_socket_type) && all.back().is("Socket-Type")) ||
                (r.refused(errc::invalid_routing_id) && all.back().is("Identity"));
     },
     "libzmq tells upper case from lower case in property names"},
    {"empty-name",
     [](const result& r) {
         const std::vector<property> all = r.properties_broken();
         return r.refused(errc::malformed_metadata) && !all.empty() && all.back().name.empty() &&
                all.back().left >= 5;
     },
     "libzmq takes properties without a name"},
    {"duplicate-property",
     [](const result& r) {
         const std::vector<property> all = r.properties_broken();
         return r.refused(errc::duplicate_property) &&
                (all.back().is("Socket-Type") || all.back().is("Identity")) &&
                std::any_of(all.begin(), all.end() - 1,
                            [&](const property& p) { return p.is(all.back().name); });
     },
     "libzmq takes the first of equal properties"},
    {"routing-id",
     [](const result& r) {
         const std::vector<property> all = r.properties_broken();
         return r.refused(errc::invalid_routing_id) && !all.empty() && all.back().is("Identity") &&
                (all.back().value.size() > 255 || all.back().value.starts_with('\0'));
     },
     "libzmq takes any routing id"},
    {"message-at-once",
     [](const result& r) {
         return r.what.at_once && r.us.verdict == state::alive &&
                r.them == outcome{state::closed, {}};
     },
     "libzmq takes messages only once its own READY is out"},
    {"error-at-once",
     [](const result& r) {
         return r.what.at_once && r.refused(errc::refused_by_peer) && r.frames()[0].is("\5ERROR") &&
                r.them == outcome{};
     },
     "libzmq stays connected after an ERROR that comes before its own READY is out"},
    {"subscription",
     [](const result& r) {
         parts left = parts_of(r.them);
         return r.what.to.type != socket_type::xpub && r.us.verdict == r.them.verdict &&
                std::erase_if(left, is_subscription) != 0 && left == parts_of(r.us);
     },
     "libzmq delivers SUBSCRIBE and CANCEL to those that do not publish"},
    {"subscription-within",
     [](const result& r) {
         const bool more = include(parts_of(r.them), parts_of(r.us));
         const bool less = include(parts_of(r.us), parts_of(r.them));
         return r.what.to.type == socket_type::xpub && r.us.verdict == r.them.verdict &&
                subscribes_within_message(r) &&
                (r.us.verdict == state::alive ? more && less : more || less);
     },
     "libzmq takes a SUBSCRIBE or CANCEL between parts, or with MORE, for one of the parts"},
    {"short-ping",
     [](const result& r) {
         const frame f = r.frame_with(r.us.failed_at - 1); // it may be empty from there on
         return r.refused(errc::malformed_command) && f.header.command() && f.is("\4PING") &&
                f.body.size() < 7;
     },
     "libzmq does not mind a PING without room for a TTL"},
    {"long-ttl",
     [](const result& r) {
         outcome us = r.us;
         us.verdict = state::closed;
         if (r.what.to.type == socket_type::xpub)
             settle_subscriptions(us);
         return r.us.verdict == state::waiting && r.us.ttl > 65500ms && us == r.them;
     },
     "libzmq multiplies a PING's TTL in 16 bits"},
    {"message-size",
     [](const result& r) {
         return r.refused(errc::message_too_large) &&
                delivered(r, [](const parts& m) { return size_of(m) > limit && m.size() > 1; });
     },
     "libzmq counts each part of a message alone"},
    {"message-parts",
     [](const result& r) {
         return r.refused(errc::too_many_parts) &&
                delivered(r, [](const parts& m) { return m.size() > 65536; });
     },
     "libzmq collects parts without end"},
    {"topic-size",
     [](const result& r) {
         return r.refused(errc::command_too_large) && r.frame_with(r.us.failed_at).subscribes() &&
                delivered(r, [](const parts& m) { return m[0].size() > 1 + 65536; });
     },
     "libzmq takes topics of any size"},
};

inline const difference* explanation(const result& r) {
    const auto* const found = std::find_if(std::begin(known), std::end(known),
                                           [&](const difference& d) { return d.explains(r); });
    return found == std::end(known) ? nullptr : found;
}

} // namespace mizzen::testing::differential
