// Who may come, by address.
#pragma once

#include <mizzen/authentication.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace mizzen {

/// An address, or all addresses with the same first bits. IPv4 and IPv6 are apart, whatever the
/// prefix; what IPv6 maps of IPv4 (::ffff:192.0.2.1) is IPv4.
struct address_net {
    std::array<std::byte, 16> octets{}; ///< IPv4 as IPv6 maps it. Zeros behind the prefix.
    unsigned prefix = 128;              ///< Bits that count.
    bool local = false;                 ///< Not these, but peers without an address: ipc's.

    /// Whether the address, by number, is in it. Nothing else is.
    [[nodiscard]] bool contains(std::string_view address) const;
};

/// Reads 192.0.2.1, 192.0.2.0/24, 2001:db8::/32 or ipc. Error: malformed_address, also for a net
/// with ones behind its prefix, or with an interface (fe80::1%eth0).
[[nodiscard]] address_net parse_address_net(std::string_view text, std::error_code& ec);

/// Lets peers in, or on to another authenticator, by where they come from: nobody from an address
/// that `deny` has; and where `allow` has any, nobody else from one that it has not. They are
/// turned away before a word is said.
class address_rules final : public authenticator {
public:
    struct lists {
        std::vector<std::string> allow{};
        std::vector<std::string> deny{};
    };

    /// `then` judges those that may come, if there is one. Throws std::system_error with
    /// malformed_address, and names the text.
    explicit address_rules(const lists& rules, std::shared_ptr<authenticator> then = nullptr);

    /// Other rules from now on, on any thread: peers that may no longer come have to go. The form
    /// with `ec` changes nothing on an error, malformed_address.
    void replace(const lists& rules, std::error_code& ec);
    void replace(const lists& rules);

    void authenticate(const authentication_request& request, answer_handler done) override;
    [[nodiscard]] bool may_come(const std::string& address, std::string& reason) const override;
    [[nodiscard]] bool may_stay(const authentication_request& request,
                                std::string& reason) const override;
    void watch(const std::weak_ptr<rules_watcher>& watcher) override;

private:
    struct nets {
        std::vector<address_net> allow;
        std::vector<address_net> deny;
    };
    [[nodiscard]] static nets read(const lists& rules, std::string& wrong, std::error_code& ec);

    mutable std::mutex mutex_;
    nets nets_;
    std::shared_ptr<authenticator> then_;
};

} // namespace mizzen
