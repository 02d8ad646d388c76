// Taking envelopes off requests and putting them on replies.
#include "envelope.hpp"

namespace mizzen::patterns {

std::optional<envelope> take_envelope(zmtp::message& m, std::size_t max_frames) {
    std::size_t depth = 0;
    auto at = m.begin();
    for (const auto end = m.end(); at != end && !(*at).empty(); ++at) {
        if (++depth > max_frames)
            return std::nullopt;
    }
    if (depth + 1 >= m.size()) // no delimiter, or nothing behind it
        return std::nullopt;
    envelope out;
    for (; depth != 0; --depth) {
        const zmtp::octets frame = m.front();
        if (depth == 1 && frame.size() == request_tag::size)
            out.tag = decode_tag(frame);
        if (!out.tag)
            out.frames.push_back(frame);
        m.pop_front();
    }
    m.pop_front();
    return out;
}

void put_envelope(zmtp::message& body, const envelope& from, status outcome) {
    body.push_front(zmtp::octets{});
    if (from.tag)
        body.push_front(zmtp::octets{encode_tag(*from.tag, outcome)});
    for (std::size_t i = from.frames.size(); i-- != 0;)
        body.push_front(from.frames[i]);
}

} // namespace mizzen::patterns
