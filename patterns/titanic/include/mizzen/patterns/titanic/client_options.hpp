// What can be chosen about a Titanic client and its requests.
#pragma once

#include <mizzen/patterns/majordomo/client_options.hpp>
#include <mizzen/patterns/titanic/request_id.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace mizzen::titanic {

using std::chrono::milliseconds;

/// How a request gets into the store.
enum class submission : std::uint8_t {
    find_out, ///< by_id where the broker has titanic.submit, else plain. Needs RFC 8's mmi.service.
    by_id,    ///< titanic.submit with an id that the client chose: sent again, it is the same one.
    plain,    ///< RFC 9's titanic.request, which stores another request each time.
};

struct client_options {
    /// Of Titanic's services, whose answers come at once; with the security of its connections.
    majordomo::client_options asking;
    submission how = submission::find_out;
    /// Times that a plain submission is sent again when no answer came: each of them may be stored.
    int plain_retries = 0;
    /// Times that Titanic is asked again after it has said that it failed, or was not there.
    int retries = 5;
    milliseconds pause{20};       ///< Before it is asked again; doubles, with jitter.
    milliseconds pause_max{1000}; ///< The longest of these pauses.
};

/// What one request wants.
struct request_options {
    std::optional<request_id> id; ///< by_id: which it is to have, if not a new one.
    milliseconds limit{0};        ///< For all of it; 0 is none.
};

} // namespace mizzen::titanic
