// Addresses and nets, and who may come by them.
#include <mizzen/address_rules.hpp>
#include <mizzen/error.hpp>

#include <asio/ip/address.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace mizzen {
namespace {

using octets_16 = std::array<std::byte, 16>;

constexpr unsigned mapped_bits = 96; // in front of an IPv4 address that IPv6 maps
constexpr std::string_view local_peers = "ipc";

octets_16 octets_of(const asio::ip::address& address) {
    const asio::ip::address_v6 whole =
        address.is_v4() ? asio::ip::make_address_v6(asio::ip::v4_mapped, address.to_v4())
                        : address.to_v6();
    octets_16 octets;
    const auto bytes = whole.to_bytes();
    std::transform(bytes.begin(), bytes.end(), octets.begin(),
                   [](unsigned char octet) { return std::byte{octet}; });
    return octets;
}

bool is_mapped(const octets_16& octets) {
    const auto zeros = octets.begin() + 10;
    return std::all_of(octets.begin(), zeros, [](std::byte b) { return b == std::byte{}; }) &&
           octets[10] == std::byte{0xff} && octets[11] == std::byte{0xff};
}

// How many of the first bits are the same in both.
unsigned common_bits(const octets_16& a, const octets_16& b) {
    unsigned bits = 0;
    for (std::size_t i = 0; i < a.size(); ++i, bits += 8) {
        const auto difference = std::to_integer<unsigned>(a[i] ^ b[i]);
        for (unsigned bit = 0; bit < 8; ++bit)
            if ((difference << bit & 0x80) != 0)
                return bits + bit;
    }
    return bits;
}

// The address as it stands; interfaces (%eth0) are no part of it.
std::optional<asio::ip::address> read_address(std::string_view text) {
    std::error_code ec;
    const auto address = asio::ip::make_address(std::string{text}, ec);
    return ec ? std::nullopt : std::optional{address};
}

bool read_prefix(std::string_view text, unsigned most, unsigned& prefix) {
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), prefix);
    return wrong == std::errc{} && end == text.data() + text.size() && prefix <= most;
}

bool any_contains(const std::vector<address_net>& nets, std::string_view address) {
    return std::any_of(nets.begin(), nets.end(),
                       [&](const address_net& net) { return net.contains(address); });
}

} // namespace

bool address_net::contains(std::string_view address) const {
    if (local || address.empty())
        return local && address.empty();
    const auto read = read_address(address.substr(0, address.find('%')));
    if (!read)
        return false;
    const octets_16 theirs = octets_of(*read);
    return is_mapped(theirs) == (prefix >= mapped_bits && is_mapped(octets)) &&
           common_bits(theirs, octets) >= prefix;
}

address_net parse_address_net(std::string_view text, std::error_code& ec) {
    ec.clear();
    address_net net;
    if (text == local_peers) {
        net.local = true;
        return net;
    }
    ec = errc::malformed_address;
    const std::size_t slash = text.find('/');
    const std::string_view host = text.substr(0, slash);
    const auto address = read_address(host);
    if (!address || host.find('%') != std::string_view::npos)
        return {};
    net.octets = octets_of(*address);
    const bool v4 = address->is_v4();
    if (slash != std::string_view::npos) {
        if (!read_prefix(text.substr(slash + 1), v4 ? 32 : 128, net.prefix))
            return {};
        net.prefix += v4 ? mapped_bits : 0;
        octets_16 flipped = net.octets;
        for (unsigned bit = net.prefix; bit < 128; ++bit)
            flipped[bit / 8] &= ~(std::byte{0x80} >> bit % 8);
        if (flipped != net.octets)
            return {};
    }
    ec.clear();
    return net;
}

address_rules::nets address_rules::read(const lists& rules, std::string& wrong,
                                        std::error_code& ec) {
    nets made;
    for (const auto& [from, to] :
         {std::pair{&rules.allow, &made.allow}, std::pair{&rules.deny, &made.deny}}) {
        for (const std::string& text : *from) {
            to->push_back(parse_address_net(text, ec));
            if (ec) {
                wrong = text;
                return {};
            }
        }
    }
    ec.clear();
    return made;
}

address_rules::address_rules(const lists& rules, std::shared_ptr<authenticator> then)
    : then_{std::move(then)} {
    std::string wrong;
    std::error_code ec;
    nets_ = read(rules, wrong, ec);
    if (ec)
        throw std::system_error(ec, wrong);
}

void address_rules::replace(const lists& rules, std::error_code& ec) {
    std::string wrong;
    nets made = read(rules, wrong, ec);
    if (ec)
        return;
    {
        const std::lock_guard lock{mutex_};
        nets_ = std::move(made);
    }
    rules_changed();
}

void address_rules::replace(const lists& rules) {
    std::error_code ec;
    replace(rules, ec);
    if (ec)
        throw std::system_error(ec, "address_rules");
}

bool address_rules::may_come(const std::string& address, std::string& reason) const {
    {
        const std::lock_guard lock{mutex_};
        if (any_contains(nets_.deny, address))
            reason = "the address is on the list of those denied";
        else if (!nets_.allow.empty() && !any_contains(nets_.allow, address))
            reason = "the address is not on the list of those allowed";
        else
            reason.clear();
    }
    return reason.empty() && (!then_ || then_->may_come(address, reason));
}

void address_rules::authenticate(const authentication_request& request, answer_handler done) {
    authentication_answer answer;
    if (!may_come(request.address, answer.reason))
        return done(std::move(answer));
    if (then_)
        return then_->authenticate(request, std::move(done));
    answer.verdict = zmtp::verdict::accepted;
    done(std::move(answer));
}

bool address_rules::may_stay(const authentication_request& request, std::string& reason) const {
    return may_come(request.address, reason) && (!then_ || then_->may_stay(request, reason));
}

void address_rules::watch(const std::weak_ptr<rules_watcher>& watcher) {
    authenticator::watch(watcher);
    if (then_)
        then_->watch(watcher);
}

} // namespace mizzen
