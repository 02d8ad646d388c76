// A broker as half of a Binary Star.
#pragma once

#include "cli11_forward.hpp"
#include "security_options.hpp"
#include "star_fence.hpp"
#include "titanic_options.hpp"
#include <mizzen/patterns/binary_star/star.hpp>
#include <mizzen/patterns/majordomo/broker.hpp>
#include <mizzen/patterns/titanic/paired.hpp>

#include <asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace mizzen::cli {

struct pair_options {
    std::string primary; ///< Where the peer hears of it; one of the two, or neither.
    std::string backup;
    std::vector<std::string> peers;
    std::vector<std::string> controls;
    int heartbeat_ms = 1000;
    int timeout_ms = 2000;
    std::string fence;
    secured_ends secured;
    patterns::handshake_watch on_handshake_failed;

    [[nodiscard]] bool given() const { return !primary.empty() || !backup.empty(); }
};

void add_pair(CLI::App& sub, pair_options& options);

/// Lets a broker serve while its half is active, with Titanic's store open if there is one. Both
/// outlive the loop's run.
class broker_pair {
public:
    broker_pair(asio::io_context& io, majordomo::broker& broker, const pair_options& options,
                const titanic_options& titanic);
    broker_pair(const broker_pair&) = delete;
    broker_pair& operator=(const broker_pair&) = delete;

    /// Listens and connects. Gives the exit status.
    int open(const pair_options& options);
    /// Has the other half serve, if it is there to do so, once what is at hand was finished, after
    /// `limit` at the latest; then calls `done`.
    void leave(std::chrono::milliseconds limit, std::function<void()> done);
    /// Says no more to the other half. A store that is open is still served, by what is at hand.
    void stop();
    /// Closes the store, if there is one.
    void close_store();

private:
    static binary_star::star_options to_star_options(const pair_options& options,
                                                     const titanic_options& titanic);
    binary_star::star_hooks make_hooks(const pair_options& options, const titanic_options& titanic);
    void open_store(std::function<void(bool)> answer);

    majordomo::broker& broker_;
    fence_runner fence_;
    std::optional<titanic::paired> store_;
    binary_star::star half_;
};

} // namespace mizzen::cli
