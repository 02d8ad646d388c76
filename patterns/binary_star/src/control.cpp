// Telling what a half is, as text.
#include "control.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace mizzen::binary_star {
namespace {

void add(message& m, std::string_view name, std::string_view value) {
    m.push_back(std::string{name}.append(" ").append(value));
}
void add(message& m, std::string_view name, std::uint64_t value) {
    add(m, name, std::to_string(value));
}
void add(message& m, std::string_view name, milliseconds value) {
    add(m, name, std::to_string(value.count()));
}

} // namespace

message status_reply(const star_core& core, time_point now) {
    const star_options& options = core.options();
    const situation& at = core.now_in();
    message m{"200"};
    add(m, "role", name_of(options.half));
    add(m, "state", name_of(at.in));
    add(m, "fencing", at.fencing ? "yes" : "no");
    add(m, "peer", !at.hears_peer(now) ? "silent" : at.peer ? name_of(*at.peer) : "heard");
    add(m, "heartbeat", options.heartbeat);
    add(m, "peer-timeout", options.peer_timeout);
    const star_stats& counts = core.stats();
    add(m, "votes", counts.votes);
    add(m, "refused", counts.refused);
    add(m, "heard", counts.heard);
    add(m, "malformed", counts.malformed);
    add(m, "activations", counts.activations);
    for (const transition& each : core.history()) {
        const auto ago = std::chrono::floor<milliseconds>(now - each.when);
        add(m, "transition",
            std::to_string(ago.count())
                .append(" ")
                .append(name_of(each.from))
                .append(" ")
                .append(name_of(each.to))
                .append(" ")
                .append(name_of(each.why)));
    }
    return m;
}

message switch_reply(std::error_code ec) {
    if (!ec)
        return message{"200"};
    message m{"409"};
    m.push_back(ec.message());
    return m;
}

message unknown_reply() { return message{"501"}; }

} // namespace mizzen::binary_star
