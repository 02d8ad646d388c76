// The wire layer's message, under the name that users of sockets know it by.
#pragma once

#include <mizzen/zmtp/message.hpp>

namespace mizzen {

using zmtp::as_octets;
using zmtp::as_text;
using zmtp::message;
using zmtp::notice;
using zmtp::octets;
using zmtp::peer_id;

} // namespace mizzen
