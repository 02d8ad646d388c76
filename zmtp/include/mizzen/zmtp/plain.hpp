// The PLAIN mechanism: a user name and a password, in clear (24/ZMTP-PLAIN).
#pragma once

#include <mizzen/zmtp/security.hpp>

namespace mizzen::zmtp {

/// Serves both roles. A client says the user name and the password, each up to 255 octets (else
/// invalid_credentials), which outlive it; a server has the program judge those of the peer
/// (event::authenticate), and lets nobody in unasked.
class plain_security final : public security {
public:
    plain_security() = default; ///< For servers.
    plain_security(std::string_view user_name, std::string_view password) noexcept
        : user_name_{user_name}, password_{password} {}

    [[nodiscard]] std::string_view name() const noexcept override;
    [[nodiscard]] std::error_code check() const noexcept override;
    [[nodiscard]] mechanism* create(role side, allocator& memory) const noexcept override;

private:
    std::string_view user_name_;
    std::string_view password_;
};

} // namespace mizzen::zmtp
