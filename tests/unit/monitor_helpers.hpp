// Waiting for the events of a monitor.
#pragma once

#include "loop.hpp"
#include <mizzen/connection_event.hpp>
#include <mizzen/error.hpp>
#include <mizzen/monitor.hpp>

#include <doctest/doctest.h>

#include <string>
#include <system_error>

namespace mizzen::testing {

/// The next event, waiting for it.
inline connection_event next_event(loop& run, monitor& watch) {
    connection_event event;
    std::error_code ec;
    const bool told = run.until([&] { return watch.try_receive_event(event, ec); });
    INFO(ec.message());
    REQUIRE(told);
    return event;
}
/// The next event, which is of that kind.
inline connection_event expect(loop& run, monitor& watch, event_kind kind) {
    connection_event event = next_event(run, watch);
    INFO(event.endpoint, ": ", event.reason.message());
    CHECK(std::string{name_of(event.kind)} == std::string{name_of(kind)});
    return event;
}
/// What try_receive_event says, at once, when there is nothing to tell.
inline std::error_code no_event(monitor& watch) {
    connection_event event;
    std::error_code ec;
    const bool told = watch.try_receive_event(event, ec);
    INFO(std::string{name_of(event.kind)});
    CHECK_FALSE(told);
    return ec;
}
inline bool is_silent(monitor& watch) { return no_event(watch) == errc::would_block; }

} // namespace mizzen::testing
