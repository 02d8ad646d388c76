// Holds: an endpoint is read or refused for one of five reasons; what is read has a host or name
// that can be one, and written again and read again is the same.
#include "support/choices.hpp"
#include "support/must.hpp"
#include <mizzen/endpoint.hpp>
#include <mizzen/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace mizzen::fuzz {
namespace {

std::string written(const host_and_port& e) {
    const bool brackets = e.host.find(':') != std::string::npos;
    std::string out{brackets ? "[" : ""};
    out += e.host.empty() ? "*" : e.host;
    out += brackets ? "]:" : ":";
    return out += std::to_string(e.port);
}

std::string written(const endpoint& e) {
    switch (e.via) {
    case transport::ipc: return "ipc://" + (e.name.empty() ? "*" : e.name);
    case transport::inproc: return "inproc://" + e.name;
    default: return "tcp://" + (e.source ? written(*e.source) + ';' : "") + written(e.tcp);
    }
}

void check_address(const host_and_port& e) {
    must(std::ranges::all_of(e.host, [](char c) { return c > ' ' && c <= '~'; }),
         "a host has no blanks, control characters or octets beyond ASCII");
}

void check_same(const host_and_port& a, const host_and_port& b) {
    must(a.host == b.host && a.port == b.port, "an address written again is the same");
}

void read(std::string_view text, endpoint_use use) {
    std::error_code ec = make_error_code(errc::would_block); // to be cleared or replaced
    const endpoint found = parse_endpoint(text, use, ec);
    if (ec) {
        must(ec == errc::endpoint_without_transport || ec == errc::unknown_transport ||
                 ec == errc::endpoint_bad_host || ec == errc::endpoint_bad_port ||
                 ec == errc::endpoint_bad_name,
             "an endpoint is refused for a reason of its own");
        return;
    }
    check_address(found.tcp);
    if (found.source)
        check_address(*found.source);
    must(found.name.size() <= 256, "a name has its limit");
    const bool connects = use == endpoint_use::connect;
    must(!connects || found.via != transport::tcp ||
             (!found.tcp.host.empty() && found.tcp.port != 0),
         "what is connected to has a host and a port");
    must(!connects || found.via == transport::tcp || !found.name.empty(),
         "what is connected to has a name");

    const endpoint again = parse_endpoint(written(found), use, ec);
    must(!ec && again.via == found.via && again.name == found.name &&
             again.source.has_value() == found.source.has_value(),
         "an endpoint written again is the same");
    check_same(again.tcp, found.tcp);
    if (found.source)
        check_same(*again.source, *found.source);
}

void run(choices from) {
    const std::string_view text = as_text(from.rest());
    read(text, endpoint_use::bind);
    read(text, endpoint_use::connect);
}

} // namespace
} // namespace mizzen::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    mizzen::fuzz::run({data, size});
    return 0;
}
