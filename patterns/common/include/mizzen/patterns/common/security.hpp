// What secures the connections of a pattern.
#pragma once

#include <mizzen/connection_event.hpp>
#include <mizzen/option.hpp>

#include <functional>

namespace mizzen::patterns {

/// Is told, on the pattern's executor, of each handshake that failed and of each endpoint that was
/// given up for it (event_kind::handshake_failed, ended): it is how a log learns that a key is
/// wrong. It may be called until the pattern's sockets have closed, and for a moment after.
using handshake_watch = std::function<void(const connection_event&)>;

} // namespace mizzen::patterns
