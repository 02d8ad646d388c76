// What was said of one peer by an authenticator.
#pragma once

#include <mizzen/authentication.hpp>

#include <cstdint>
#include <string>

namespace mizzen::detail {

struct admission {
    enum class state : std::uint8_t {
        to_ask,  ///< The shell is to put the question.
        waiting, ///< For the answer.
        granted,
        refused,
    };
    state now = state::to_ask;
    authentication_request request; ///< As it was, without a password.
    authentication_answer answer;
};

} // namespace mizzen::detail
