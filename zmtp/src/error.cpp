// The words and the conditions of the error codes.
#include <mizzen/zmtp/error.hpp>

#include <string>

namespace mizzen::zmtp {
namespace {

const char* words(errc code) noexcept {
    switch (code) {
    case errc::not_zmtp: return "the peer does not speak ZMTP";
    case errc::zmtp_1_peer: return "the peer speaks ZMTP 1.0, which is not supported";
    case errc::zmtp_2_peer: return "the peer speaks ZMTP 2.0, which is not supported";
    case errc::mechanism_mismatch: return "the peer uses another security mechanism";
    case errc::handshake_timeout: return "the handshake was not over in time";
    case errc::unexpected_frame: return "a frame that has no place in the handshake";
    case errc::malformed_command: return "a malformed command";
    case errc::malformed_metadata: return "malformed metadata";
    case errc::duplicate_property: return "a standard metadata property stands twice";
    case errc::too_many_properties: return "too many metadata properties";
    case errc::metadata_too_large: return "metadata is larger than the limit";
    case errc::missing_socket_type: return "the peer did not tell its socket type";
    case errc::incompatible_socket_type: return "the peer's socket type may not talk to ours";
    case errc::invalid_routing_id: return "the peer's routing id is too long or starts with zero";
    case errc::refused_by_peer: return "the peer refused the handshake";
    case errc::authentication_failed: return "the peer's credentials were not accepted";
    case errc::protection_failed: return "a frame that is not what the peer protected";
    case errc::frame_size_out_of_range: return "a frame announces more than 2^63-1 octets";
    case errc::message_too_large: return "a message is larger than the limit";
    case errc::command_too_large: return "a command is larger than the limit";
    case errc::too_many_parts: return "a message has more parts than the limit";
    case errc::not_enough_memory: return "not enough memory";
    case errc::heartbeat_timeout: return "no answer to a heartbeat";
    case errc::ttl_expired: return "silence beyond the time to live that the peer asked for";
    case errc::end_of_stream: return "the peer closed the stream";
    case errc::not_ready: return "the handshake is not done";
    case errc::empty_message: return "a message needs at least one part";
    case errc::no_question: return "no peer waits for a verdict";
    case errc::invalid_credentials: return "the user name or the password is too long";
    }
    return "unknown error";
}

condition condition_of(errc code) noexcept {
    switch (code) {
    case errc::mechanism_mismatch:
    case errc::incompatible_socket_type:
    case errc::refused_by_peer:
    case errc::authentication_failed:
    case errc::invalid_credentials: return condition::refused;
    case errc::handshake_timeout:
    case errc::heartbeat_timeout:
    case errc::ttl_expired:
    case errc::end_of_stream:
    case errc::not_enough_memory: return condition::lost;
    case errc::not_ready:
    case errc::empty_message:
    case errc::no_question: return condition::misuse;
    default: return condition::broken_peer;
    }
}

class error_category_type final : public std::error_category {
public:
    const char* name() const noexcept override { return "mizzen.zmtp"; }
    std::string message(int code) const override { return words(static_cast<errc>(code)); }
    std::error_condition default_error_condition(int code) const noexcept override {
        return make_error_condition(condition_of(static_cast<errc>(code)));
    }
};

class condition_category_type final : public std::error_category {
public:
    const char* name() const noexcept override { return "mizzen.zmtp.condition"; }
    std::string message(int code) const override {
        switch (static_cast<condition>(code)) {
        case condition::broken_peer: return "the peer broke the protocol";
        case condition::refused: return "the peer and this end do not fit together";
        case condition::lost: return "the connection was lost";
        case condition::misuse: return "a call that the state does not allow";
        }
        return "unknown condition";
    }
};

constinit const error_category_type errors;
constinit const condition_category_type conditions;

} // namespace

const std::error_category& error_category() noexcept { return errors; }
const std::error_category& condition_category() noexcept { return conditions; }
std::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), errors}; }
std::error_condition make_error_condition(condition what) noexcept {
    return {static_cast<int>(what), conditions};
}

} // namespace mizzen::zmtp
