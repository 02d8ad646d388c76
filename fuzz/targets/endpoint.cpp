// Holds: an endpoint is read or refused for one of four reasons; what is read has a host that can
// be one, and written again and read again is the same.
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

std::string written(const endpoint& e) {
    const bool brackets = e.host.find(':') != std::string::npos;
    std::string out{"tcp://"};
    out += brackets ? "[" : "";
    out += e.host.empty() ? "*" : e.host;
    out += brackets ? "]:" : ":";
    return out += std::to_string(e.port);
}

void read(std::string_view text, endpoint_use use) {
    std::error_code ec = make_error_code(errc::would_block); // to be cleared or replaced
    const endpoint found = parse_endpoint(text, use, ec);
    if (ec) {
        must(ec == errc::endpoint_without_transport || ec == errc::unknown_transport ||
                 ec == errc::endpoint_bad_host || ec == errc::endpoint_bad_port,
             "an endpoint is refused for a reason of its own");
        return;
    }
    must(text.starts_with("tcp://"), "there is one transport");
    must(std::ranges::all_of(found.host, [](char c) { return c > ' ' && c <= '~'; }),
         "a host has no blanks, control characters or octets beyond ASCII");
    must(use == endpoint_use::bind || (!found.host.empty() && found.port != 0),
         "what is connected to has a host and a port");

    const endpoint again = parse_endpoint(written(found), use, ec);
    must(!ec && again.host == found.host && again.port == found.port,
         "an endpoint written again is the same");
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
