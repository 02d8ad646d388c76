// Every error code has words and a condition.
#include <mizzen/zmtp/error.hpp>

#include <doctest/doctest.h>

#include <ostream>
#include <set>
#include <string>

using namespace mizzen::zmtp;

namespace {
constexpr int first_code = static_cast<int>(errc::not_zmtp);
constexpr int last_code = static_cast<int>(errc::invalid_credentials);
} // namespace

TEST_CASE("every error code has words of its own") {
    std::set<std::string> all;
    for (int code = first_code; code <= last_code; ++code) {
        const std::string words = make_error_code(static_cast<errc>(code)).message();
        CHECK(words != "unknown error");
        CHECK(all.insert(words).second);
    }
    CHECK(error_category().message(0) == "unknown error");
    CHECK(error_category().message(last_code + 1) == "unknown error");
    CHECK(error_category().name() == std::string{"mizzen.zmtp"});
}

TEST_CASE("every error code stands under exactly one condition") {
    for (int code = first_code; code <= last_code; ++code) {
        const std::error_code ec = static_cast<errc>(code);
        CHECK(ec);
        int under = 0;
        for (const condition what :
             {condition::broken_peer, condition::refused, condition::lost, condition::misuse})
            under += ec == what ? 1 : 0;
        CHECK(under == 1);
    }
}

TEST_CASE("only what the same configuration would meet again is a refusal") {
    using enum errc;
    for (const errc code : {mechanism_mismatch, incompatible_socket_type, refused_by_peer,
                            authentication_failed, invalid_credentials})
        CHECK(make_error_code(code) == condition::refused);
    for (const errc code :
         {handshake_timeout, heartbeat_timeout, ttl_expired, end_of_stream, not_enough_memory})
        CHECK(make_error_code(code) == condition::lost);
    for (const errc code : {not_ready, empty_message, no_question})
        CHECK(make_error_code(code) == condition::misuse);
    for (const errc code :
         {not_zmtp, zmtp_1_peer, zmtp_2_peer, unexpected_frame, malformed_command,
          malformed_metadata, duplicate_property, too_many_properties, metadata_too_large,
          missing_socket_type, invalid_routing_id, frame_size_out_of_range, message_too_large,
          command_too_large, too_many_parts, protection_failed})
        CHECK(make_error_code(code) == condition::broken_peer);
}

TEST_CASE("every condition has words of its own") {
    std::set<std::string> all;
    for (const condition what :
         {condition::broken_peer, condition::refused, condition::lost, condition::misuse}) {
        const std::string words = make_error_condition(what).message();
        CHECK(words != "unknown condition");
        CHECK(all.insert(words).second);
    }
    CHECK(condition_category().message(0) == "unknown condition");
}
