// PLAIN and CURVE for sockets. Nobody is let in whom no option names, except where that is said.
#include "socket_security.hpp"

#include "wipe.hpp"
#include <mizzen/error.hpp>
#include <mizzen/zmtp/plain.hpp>

#if defined(MIZZEN_HAVE_OPENSSL)
#include "curve/security.hpp"
#include "curve/x25519.hpp"
#endif

#include <algorithm>
#include <utility>
#include <vector>

namespace mizzen::detail {
namespace {

using zmtp::as_octets;
using zmtp::octets;
using zmtp::role;
using zmtp::verdict;

class plain_caller final : public socket_security {
public:
    explicit plain_caller(const option::plain_client& value)
        : socket_security{role::client}, value_{value},
          mechanism_{value_.user_name, value_.password} {}
    ~plain_caller() override {
        wipe(value_.user_name);
        wipe(value_.password);
    }
    plain_caller(const plain_caller&) = delete;
    plain_caller& operator=(const plain_caller&) = delete;
    const zmtp::security& mechanism() const noexcept override { return mechanism_; }

private:
    option::plain_client value_;
    zmtp::plain_security mechanism_;
};

class plain_listener final : public socket_security {
public:
    explicit plain_listener(const option::plain_server& value)
        : socket_security{role::server}, value_{value} {}
    ~plain_listener() override {
        for (auto& user : value_.users) {
            wipe(user.name);
            wipe(user.password);
        }
    }
    plain_listener(const plain_listener&) = delete;
    plain_listener& operator=(const plain_listener&) = delete;
    const zmtp::security& mechanism() const noexcept override { return mechanism_; }
    bool has_list() const noexcept override { return !value_.users.empty(); }
    // Looks at all of them, whoever it is.
    verdict judge(std::span<const octets> credentials) const noexcept override {
        bool known = false;
        for (const auto& user : value_.users) {
            const bool name = zmtp::same_secret(as_octets(user.name), credentials[0]);
            const bool password = zmtp::same_secret(as_octets(user.password), credentials[1]);
            known |= name && password;
        }
        return known ? verdict::accepted : verdict::refused;
    }

private:
    option::plain_server value_;
    zmtp::plain_security mechanism_;
};

#if defined(MIZZEN_HAVE_OPENSSL)

class curve_caller final : public socket_security {
public:
    curve_caller(const curve_key& server, const curve::secret_key* own)
        : socket_security{role::client}, server_{server}, mechanism_{server.octets, own} {}
    const zmtp::security& mechanism() const noexcept override { return mechanism_; }
    std::optional<curve_key> peer_key() const override { return server_; }

private:
    curve_key server_;
    curve::client_security mechanism_;
};

class curve_listener final : public socket_security {
public:
    explicit curve_listener(const option::curve_server& value)
        : socket_security{role::server}, clients_{value.clients},
          mechanism_{curve::secret_key{value.secret_key.octets}} {}
    const zmtp::security& mechanism() const noexcept override { return mechanism_; }
    bool has_list() const noexcept override { return clients_.has_value(); }
    // Looks at all of them, whoever it is.
    verdict judge(std::span<const octets> credentials) const noexcept override {
        if (!clients_)
            return verdict::accepted;
        bool known = false;
        for (const curve_key& client : *clients_)
            known |= zmtp::same_secret(client.octets, credentials[0]);
        return known ? verdict::accepted : verdict::refused;
    }

private:
    std::optional<std::vector<curve_key>> clients_;
    curve::server_security mechanism_;
};

// Whether anything can be said to that server at all: not where its key is of small order, such as
// one that was never set.
bool usable(const curve_key& server) {
    curve::secret_key own;
    curve::public_key ours;
    curve::secret_key shared;
    return curve::make_key_pair(own, ours) && curve::share_key(own, server.octets, shared);
}

#endif

} // namespace

security_ptr make_security(const option::plain_client& value, std::error_code& ec) {
    auto made = std::make_shared<plain_caller>(value);
    ec = made->mechanism().check() ? make_error_code(errc::invalid_option) : std::error_code{};
    return ec ? nullptr : made;
}

security_ptr make_security(const option::plain_server& value, std::error_code& ec) {
    ec.clear();
    for (const auto& user : value.users)
        if (zmtp::plain_security{user.name, user.password}.check())
            ec = errc::invalid_option; // nobody could say it
    return ec ? nullptr : std::make_shared<plain_listener>(value);
}

#if defined(MIZZEN_HAVE_OPENSSL)

void prepare_security() noexcept { curve::prepare_openssl(); }

security_ptr make_security(const option::curve_client& value, std::error_code& ec) {
    ec.clear();
    if (!usable(value.server_key) || (value.secret_key && *value.secret_key == curve_key{})) {
        ec = errc::invalid_option;
        return nullptr;
    }
    if (!value.secret_key)
        return std::make_shared<curve_caller>(value.server_key, nullptr);
    const curve::secret_key own{value.secret_key->octets};
    return std::make_shared<curve_caller>(value.server_key, &own);
}

security_ptr make_security(const option::curve_server& value, std::error_code& ec) {
    ec =
        value.secret_key == curve_key{} ? make_error_code(errc::invalid_option) : std::error_code{};
    return ec ? nullptr : std::make_shared<curve_listener>(value);
}

#else

void prepare_security() noexcept {}

security_ptr make_security(const option::curve_client& /*value*/, std::error_code& ec) {
    ec = errc::no_curve;
    return nullptr;
}
security_ptr make_security(const option::curve_server& /*value*/, std::error_code& ec) {
    ec = errc::no_curve;
    return nullptr;
}

#endif

} // namespace mizzen::detail
