// What stands in front of a request's body, to go in front of its reply.
#pragma once

#include <mizzen/patterns/common/request_tag.hpp>
#include <mizzen/zmtp/message.hpp>

#include <cstddef>
#include <optional>

namespace mizzen::patterns {

/// The frames up to the empty delimiter, without it and without the tag that may be the last.
struct envelope {
    zmtp::message frames; ///< No parts in most.
    std::optional<request_tag> tag;

    /// Octets, as they count for a queue's limit.
    [[nodiscard]] std::size_t octets() const noexcept { return frames.encoded_size(); }
};

/// Moves the envelope off `m`, which is then the body alone. Nothing, and `m` unchanged, unless
/// there is a delimiter behind at most `max_frames` frames and a body behind that.
[[nodiscard]] std::optional<envelope> take_envelope(zmtp::message& m, std::size_t max_frames);

/// Puts an envelope in front of a reply's body; `outcome` is told if there is a tag.
void put_envelope(zmtp::message& body, const envelope& from, status outcome);

} // namespace mizzen::patterns
