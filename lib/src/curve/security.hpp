// The CURVE mechanism (25/ZMTP-CURVE, 26/CurveZMQ), behind the wire layer's interface.
#pragma once

#include "cookies.hpp"
#include "x25519.hpp"
#include <mizzen/zmtp/security.hpp>

#include <chrono>
#include <cstddef>
#include <string_view>

namespace mizzen::curve {

/// Octets of an INITIATE beside its name and the metadata.
inline constexpr std::size_t initiate_overhead = 248;

/// What both ends are configured with: a pair of keys, if there is one; else it is zero.
class end_security : public zmtp::security {
public:
    [[nodiscard]] std::string_view name() const noexcept final { return "CURVE"; }
    [[nodiscard]] std::error_code check() const noexcept final;
    [[nodiscard]] std::size_t handshake_overhead() const noexcept final {
        return initiate_overhead;
    }

protected:
    explicit end_security(const secret_key* own) noexcept;
    ~end_security() = default;
    [[nodiscard]] bool has_own() const noexcept { return has_own_; }
    [[nodiscard]] const own_keys& own_or_zero() const noexcept { return own_; }

private:
    own_keys own_;
    bool has_own_ = false;
    bool usable_ = true;
};

/// For zmtp::role::client only.
class client_security final : public end_security {
public:
    /// Speaks to who has the secret key of `server`. Without a key of its own each connection makes
    /// one up.
    client_security(public_view server, const secret_key* own) noexcept;

    [[nodiscard]] zmtp::mechanism* create(zmtp::role side,
                                          zmtp::allocator& memory) const noexcept override;

    /// Our own pair; made up where there is none.
    [[nodiscard]] bool own_pair(own_keys& out) const noexcept;
    [[nodiscard]] const public_key& server() const noexcept { return server_; }

private:
    public_key server_;
};

/// For zmtp::role::server only. The connections that use it are of one thread.
class server_security final : public end_security {
public:
    using clock = std::chrono::steady_clock::time_point() noexcept;

    /// `with` is asked for the age of cookies.
    explicit server_security(const secret_key& own,
                             clock* with = &std::chrono::steady_clock::now) noexcept;

    [[nodiscard]] zmtp::mechanism* create(zmtp::role side,
                                          zmtp::allocator& memory) const noexcept override;

    [[nodiscard]] const own_keys& own() const noexcept { return own_or_zero(); }
    [[nodiscard]] curve::cookies& cookies() const noexcept { return cookies_; }
    [[nodiscard]] std::chrono::steady_clock::time_point now() const noexcept { return now_(); }

private:
    clock* now_;
    mutable curve::cookies cookies_;
};

} // namespace mizzen::curve
