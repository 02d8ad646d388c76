// What a socket's options make of security: a mechanism, which of its ends this is, and who may
// come.
#pragma once

#include <mizzen/option.hpp>
#include <mizzen/zmtp/security.hpp>

#include <memory>
#include <span>
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
    /// What is to become of a peer that says these.
    [[nodiscard]] virtual zmtp::verdict
    judge(std::span<const zmtp::octets> credentials) const noexcept = 0;

private:
    zmtp::role side_;
};

// Each is null, with an error, for options that do not do: invalid_option, no_curve.
using security_ptr = std::shared_ptr<const socket_security>;
[[nodiscard]] security_ptr make_security(const option::plain_client& value, std::error_code& ec);
[[nodiscard]] security_ptr make_security(const option::plain_server& value, std::error_code& ec);
[[nodiscard]] security_ptr make_security(const option::curve_client& value, std::error_code& ec);
[[nodiscard]] security_ptr make_security(const option::curve_server& value, std::error_code& ec);

} // namespace mizzen::detail
