// The words of the errors.
#include <mizzen/error.hpp>

#include <string>

namespace mizzen {
namespace {

class category final : public std::error_category {
public:
    const char* name() const noexcept override { return "mizzen"; }
    std::string message(int code) const override {
        switch (static_cast<errc>(code)) {
        case errc::would_block: return "cannot be done without waiting";
        case errc::no_route: return "no connected peer has that id";
        case errc::wrong_state: return "not this socket's turn to do that";
        case errc::socket_closed: return "the socket is closed";
        case errc::empty_message: return "the message has too few parts";
        case errc::endpoint_without_transport:
            return "an endpoint reads transport://address, and \"://\" is missing";
        case errc::unknown_transport:
            return "unknown transport in the endpoint (known: tcp, ipc, inproc)";
        case errc::endpoint_bad_host: return "bad host in the endpoint";
        case errc::endpoint_bad_port: return "bad port in the endpoint";
        case errc::endpoint_bad_name: return "bad path or name in the endpoint";
        case errc::no_such_endpoint: return "that endpoint is neither bound nor connected";
        case errc::invalid_option: return "the option's value is out of range";
        case errc::duplicate_routing_id: return "the routing id is in use by another peer";
        case errc::pair_is_taken: return "the PAIR socket has a peer already";
        case errc::in_use: return "another thread is using the socket";
        case errc::context_closed: return "the context is closed";
        case errc::no_curve: return "built without OpenSSL, so without CURVE";
        case errc::no_random: return "the system gives no random octets";
        case errc::malformed_key: return "a malformed key";
        case errc::malformed_certificate: return "a malformed certificate";
        case errc::malformed_address: return "a malformed address or net";
        case errc::address_denied: return "nobody is to come from the peer's address";
        case errc::revoked: return "the peer may no longer be here";
        }
        return "unknown error";
    }
    std::error_condition default_error_condition(int code) const noexcept override {
        switch (static_cast<errc>(code)) {
        case errc::would_block: return std::errc::operation_would_block;
        case errc::no_route: return std::errc::host_unreachable;
        case errc::endpoint_without_transport:
        case errc::endpoint_bad_host:
        case errc::endpoint_bad_port:
        case errc::endpoint_bad_name:
        case errc::invalid_option:
        case errc::malformed_key:
        case errc::malformed_address:
        case errc::malformed_certificate: return std::errc::invalid_argument;
        case errc::no_curve: return std::errc::not_supported;
        case errc::unknown_transport: return std::errc::protocol_not_supported;
        default: return {code, *this};
        }
    }
};

constinit const category errors;

} // namespace

const std::error_category& error_category() noexcept { return errors; }
std::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), errors}; }

} // namespace mizzen
