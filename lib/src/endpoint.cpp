// The grammar of endpoints.
#include <mizzen/endpoint.hpp>
#include <mizzen/error.hpp>

#include <asio/ip/address.hpp>

#include <algorithm>
#include <charconv>

namespace mizzen {
namespace {

bool numeric(const std::string& host, bool v6) {
    std::error_code wrong;
    const auto address = asio::ip::make_address(host, wrong);
    return !wrong && address.is_v6() == v6;
}

bool dns_name(std::string_view host) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.' || c == '_';
    };
    return host.size() <= 253 && std::all_of(host.begin(), host.end(), fits);
}

// libzmq takes the first digits of anything here, modulo 65536; that hides mistakes.
bool read_port(std::string_view text, std::uint16_t& port) {
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), port);
    return wrong == std::errc{} && end == text.data() + text.size();
}

bool read_host(std::string_view text, endpoint_use use, std::string& host) {
    // Asio takes anything for an IPv6 zone, and for what follows a null character.
    if (std::any_of(text.begin(), text.end(), [](char c) { return c <= ' ' || c > '~'; }))
        return false;
    if (use == endpoint_use::bind && text == "*") {
        host.clear();
        return true;
    }
    if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
        host = text.substr(1, text.size() - 2);
        return numeric(host, true);
    }
    host = text;
    if (host.empty())
        return false;
    if (numeric(host, false))
        return true;
    return use == endpoint_use::connect ? dns_name(host) : host == "localhost";
}

} // namespace

endpoint parse_endpoint(std::string_view text, endpoint_use use, std::error_code& ec) {
    ec.clear();
    endpoint result;
    const auto separator = text.find("://");
    if (separator == std::string_view::npos || separator == 0) {
        ec = errc::endpoint_without_transport;
        return result;
    }
    if (text.substr(0, separator) != "tcp") {
        ec = errc::unknown_transport;
        return result;
    }
    const std::string_view address = text.substr(separator + 3);
    const auto colon = address.rfind(':');
    if (colon == std::string_view::npos) {
        ec = address.empty() ? errc::endpoint_bad_host : errc::endpoint_bad_port;
        return result;
    }
    if (!read_host(address.substr(0, colon), use, result.host)) {
        ec = errc::endpoint_bad_host;
        return result;
    }
    const std::string_view port = address.substr(colon + 1);
    if (use == endpoint_use::bind && port == "*")
        return result;
    if (!read_port(port, result.port) || (use == endpoint_use::connect && result.port == 0))
        ec = errc::endpoint_bad_port;
    return result;
}

} // namespace mizzen
