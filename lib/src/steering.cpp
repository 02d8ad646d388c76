// A proxy's commands, as libzmq's steerable proxy has them.
#include "steering.hpp"

#include <array>

namespace mizzen::detail {

bool receives(zmtp::socket_type type) noexcept {
    return type != zmtp::socket_type::pub && type != zmtp::socket_type::push;
}
bool sends(zmtp::socket_type type) noexcept {
    return type != zmtp::socket_type::sub && type != zmtp::socket_type::pull;
}

std::uint64_t octets_of(const message& m) noexcept {
    std::uint64_t size = 0;
    for (const octets part : m)
        size += part.size();
    return size;
}

steering read_steering(const message& command) noexcept {
    if (command.size() != 1)
        return steering::unknown;
    const std::string_view text = as_text(command.front());
    if (text == "PAUSE")
        return steering::pause;
    if (text == "RESUME")
        return steering::resume;
    if (text == "TERMINATE")
        return steering::terminate;
    return text == "STATISTICS" ? steering::statistics : steering::unknown;
}

message answer_to(steering command, const proxy_stats& stats) {
    if (command == steering::unknown)
        return message{"ERROR"};
    message answer;
    if (command != steering::statistics) {
        answer.push_back(octets{});
        return answer;
    }
    for (const proxy_stats::side& side : {stats.front, stats.back}) {
        const std::array<std::uint64_t, 4> numbers{side.messages_in, side.octets_in,
                                                   side.messages_out, side.octets_out};
        for (const std::uint64_t& number : numbers)
            answer.push_back(std::as_bytes(std::span{&number, 1}));
    }
    return answer;
}

} // namespace mizzen::detail
