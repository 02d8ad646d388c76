// What tests of sockets' security have in common.
#pragma once

#include "monitor_helpers.hpp"
#include <mizzen/authentication.hpp>
#include <mizzen/curve_key.hpp>
#include <mizzen/error.hpp>
#include <mizzen/option.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <system_error>
#include <utility>

namespace mizzen::testing {

inline bool curve_is_built() {
    std::error_code ec;
    static_cast<void>(make_curve_key_pair(ec));
    return ec != errc::no_curve;
}

/// The next event of that kind, whatever comes before it.
inline connection_event await_event(loop& run, monitor& watch, event_kind kind) {
    for (;;) {
        connection_event event = next_event(run, watch);
        if (event.kind == kind)
            return event;
    }
}

/// An authenticator that gives the same answer to everybody, at once.
inline std::shared_ptr<authenticator> always(const authentication_answer& answer) {
    return make_authenticator(
        [answer](const authentication_request&, const authenticator::answer_handler& done) {
            done(answer);
        });
}

} // namespace mizzen::testing
