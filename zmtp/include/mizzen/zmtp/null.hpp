// The NULL mechanism: no credentials, no protection (23/ZMTP, "The NULL Security Mechanism").
#pragma once

#include <mizzen/zmtp/security.hpp>

namespace mizzen::zmtp {

class null_security final : public security {
public:
    [[nodiscard]] std::string_view name() const noexcept override;
    [[nodiscard]] mechanism* create(role side, allocator& memory) const noexcept override;
};

/// What a connection uses unless told otherwise.
[[nodiscard]] const security& default_security() noexcept;

} // namespace mizzen::zmtp
