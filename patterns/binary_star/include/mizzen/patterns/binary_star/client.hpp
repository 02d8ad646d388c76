// Clients of a pair: Lazy Pirates that ask one half, and the other after a while.
#pragma once

#include <mizzen/patterns/lazy_pirate/blocking.hpp>
#include <mizzen/patterns/lazy_pirate/client.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/execution_context.hpp>

#include <concepts>
#include <cstddef>
#include <string>

namespace mizzen::binary_star {

using std::chrono::milliseconds;

struct client_options {
    std::string service{};          ///< Of the servers; a request that names another is refused.
    milliseconds timeout{1000};     ///< For a reply to each attempt.
    milliseconds settle{2000};      ///< Before the other half is asked: the servers' peer_timeout.
    int retries = 2;                ///< Rounds after the first; one tries each half once.
    milliseconds deadline{0};       ///< For the whole call, waiting included; 0 is no other limit.
    bool tagged = false;            ///< Requests carry an id, by which a server knows a repetition.
    std::size_t max_waiting = 1000; ///< Requests beyond the one that is on its way.
    std::size_t max_waiting_octets = std::size_t{64} << 20;
    option::security security{}; ///< Of its connections to both halves.
    patterns::handshake_watch on_handshake_failed{};
};

/// A Lazy Pirate's options: one request on its way at a time, so that never both halves are asked.
[[nodiscard]] lazy_pirate::client_options lazy_options(const client_options& options);

/// connect() it to the clients' endpoint of the primary, then of the backup. It begins with the
/// half that answered last. Its errors are those of lazy_pirate::errc. A patterns::request_client.
class client : public lazy_pirate::client {
public:
    explicit client(const asio::any_io_executor& executor, const client_options& options = {})
        : lazy_pirate::client{executor, lazy_options(options)} {}
    template <std::derived_from<asio::execution_context> Context>
    explicit client(Context& context, const client_options& options = {})
        : client{context.get_executor(), options} {}
};

namespace blocking {

/// As the above, with calls that wait. A patterns::blocking_request_client.
class client : public lazy_pirate::blocking::client {
public:
    explicit client(const client_options& options = {}, const context& shared = context::instance())
        : lazy_pirate::blocking::client{lazy_options(options), shared} {}
};

} // namespace blocking
} // namespace mizzen::binary_star
