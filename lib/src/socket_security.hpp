// What a socket's options make of security: a mechanism, which of its ends this is, and who may
// come.
#pragma once

#include <mizzen/authentication.hpp>
#include <mizzen/option.hpp>
#include <mizzen/zmtp/security.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>

namespace mizzen::detail {

/// Outlives the connections that use it, all of one thread.
class socket_security {
public:
    explicit socket_security(zmtp::role side) noexcept : side_{side} {}
    socket_security(const socket_security&) = delete;
    socket_security& operator=(const socket_security&) = delete;
    virtual ~socket_security() = default;

    [[nodiscard]] zmtp::role side() const noexcept { return side_; }
    [[nodiscard]] virtual const zmtp::security& mechanism() const noexcept = 0;
    /// Whether the option names who may come.
    [[nodiscard]] virtual bool has_list() const noexcept { return false; }
    /// What is to become of a peer that says these. A client is never asked.
    [[nodiscard]] virtual zmtp::verdict
    judge(std::span<const zmtp::octets> /*credentials*/) const noexcept {
        return zmtp::verdict::refused;
    }
    /// The key that every peer has to have, where that is known.
    [[nodiscard]] virtual std::optional<curve_key> peer_key() const { return std::nullopt; }

private:
    zmtp::role side_;
};

/// Before a thread that may serve secured sockets: what cleans up at exit does so after whatever
/// static is made from now on, such as the context that joins the thread.
void prepare_security() noexcept;

// Each is null, with an error, for options that do not do: invalid_option, no_curve.
using security_ptr = std::shared_ptr<const socket_security>;
[[nodiscard]] security_ptr make_security(const option::plain_client& value, std::error_code& ec);
[[nodiscard]] security_ptr make_security(const option::plain_server& value, std::error_code& ec);
[[nodiscard]] security_ptr make_security(const option::curve_client& value, std::error_code& ec);
[[nodiscard]] security_ptr make_security(const option::curve_server& value, std::error_code& ec);

/// All that decides who may come to one listener, or be at the other end of one connect.
struct security_policy {
    security_ptr how; // null for NULL
    std::shared_ptr<authenticator> who;
    std::string domain;

    /// Whether the program is to be asked at all, by every mechanism.
    [[nodiscard]] bool asks_by_null() const noexcept { return who != nullptr && how == nullptr; }
    /// What lists say; without one, accepted only if somebody else is to judge.
    [[nodiscard]] zmtp::verdict by_list(std::span<const zmtp::octets> credentials) const noexcept {
        if (how != nullptr && (how->has_list() || who == nullptr))
            return how->judge(credentials);
        return who != nullptr ? zmtp::verdict::accepted : zmtp::verdict::server_error;
    }
};
using policy_ptr = std::shared_ptr<const security_policy>;

} // namespace mizzen::detail
