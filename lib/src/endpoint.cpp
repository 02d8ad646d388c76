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

bool interface_name(std::string_view host) {
    const auto fits = [](char c) { return c != '/' && c != ':' && c != '*' && c != '['; };
    constexpr std::size_t longest = 15; // IFNAMSIZ
    return host.size() <= longest && std::all_of(host.begin(), host.end(), fits) &&
           host.find_first_not_of("0123456789.") != std::string_view::npos;
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
    return use == endpoint_use::connect ? dns_name(host) : interface_name(host);
}

void read_address(std::string_view text, endpoint_use use, host_and_port& result,
                  std::error_code& ec) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        ec = text.empty() ? errc::endpoint_bad_host : errc::endpoint_bad_port;
        return;
    }
    if (!read_host(text.substr(0, colon), use, result.host)) {
        ec = errc::endpoint_bad_host;
        return;
    }
    const std::string_view port = text.substr(colon + 1);
    if (use == endpoint_use::bind && port == "*")
        return;
    if (!read_port(port, result.port) || (use == endpoint_use::connect && result.port == 0))
        ec = errc::endpoint_bad_port;
}

void read_tcp(std::string_view text, endpoint_use use, endpoint& result, std::error_code& ec) {
    if (const auto end = text.find(';');
        use == endpoint_use::connect && end != std::string_view::npos) {
        read_address(text.substr(0, end), endpoint_use::bind, result.source.emplace(), ec);
        text.remove_prefix(end + 1);
    }
    if (!ec)
        read_address(text, use, result.tcp, ec);
}

void read_path(std::string_view text, endpoint_use use, endpoint& result, std::error_code& ec) {
    constexpr std::size_t longest = 107; // sockaddr_un
    if (text == "*" && use == endpoint_use::bind)
        return;
    if (text.empty() || text == "*" || text == "@" || text.size() > longest ||
        text.find('\0') != std::string_view::npos)
        ec = errc::endpoint_bad_name;
    else
        result.name = text;
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
    const std::string_view name = text.substr(0, separator);
    const std::string_view address = text.substr(separator + 3);
    if (name == "tcp") {
        read_tcp(address, use, result, ec);
    } else if (name == "ipc") {
        result.via = transport::ipc;
        read_path(address, use, result, ec);
    } else if (name == "inproc") {
        constexpr std::size_t longest = 256; // libzmq's
        result.via = transport::inproc;
        result.name = address;
        if (address.empty() || address.size() > longest)
            ec = errc::endpoint_bad_name;
    } else {
        ec = errc::unknown_transport;
    }
    return result;
}

} // namespace mizzen
