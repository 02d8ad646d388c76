// What the programs of a side-by-side benchmark share: marks, numbered bodies, the clock and the
// report.
#pragma once

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace bench {

/// Equal on both sides, for sending and for receiving.
inline constexpr int high_water_mark = 1000;
/// Equal on both sides: connections that the kernel keeps until they are accepted.
inline constexpr int backlog = 4096;

/// What both ends of a connection are to use; only the program that connects is CURVE's client.
enum class security : std::uint8_t { none, curve };

/// Takes `curve/` off the front of what a program is to do, if it is there.
[[nodiscard]] inline security read_security(std::string_view& what) noexcept {
    constexpr std::string_view prefix = "curve/";
    if (!what.starts_with(prefix))
        return security::none;
    what.remove_prefix(prefix.size());
    return security::curve;
}

/// No run takes as long; what hangs is ended by a signal.
inline constexpr unsigned time_limit_s = 60;

template <class Number> [[nodiscard]] Number read_number(std::string_view text, Number smallest) {
    Number value{};
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc{} || end != text.data() + text.size() || value < smallest)
        throw std::invalid_argument{"not a number that will do: " + std::string{text}};
    return value;
}

/// What a system call said.
inline void check_system(bool good, const char* what) {
    if (!good)
        throw std::system_error{errno, std::generic_category(), what};
}

inline void print_listening(std::string_view endpoint) {
    std::printf("listening %.*s\n", static_cast<int>(endpoint.size()), endpoint.data());
    std::fflush(stdout);
}

/// Every body starts with its number, so that what is lost, doubled or out of order shows.
inline void write_number(void* body, std::uint64_t number) noexcept {
    std::memcpy(body, &number, sizeof number);
}
inline void check_body(const void* body, std::size_t size, std::size_t wanted_size,
                       std::uint64_t wanted_number) {
    std::uint64_t number = 0;
    if (size == wanted_size)
        std::memcpy(&number, body, sizeof number);
    if (size != wanted_size || number != wanted_number)
        throw std::runtime_error{"message " + std::to_string(wanted_number) + ": " +
                                 std::to_string(size) + " octets came, numbered " +
                                 std::to_string(number)};
}

/// Round trips before the clock is started.
[[nodiscard]] inline std::uint64_t warm_up(std::uint64_t count) noexcept {
    return std::min<std::uint64_t>(count / 10 + 1, 1000);
}

class stopwatch {
public:
    void start() noexcept { started_ = std::chrono::steady_clock::now(); }
    [[nodiscard]] double seconds() const noexcept {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
    }

private:
    std::chrono::steady_clock::time_point started_;
};

/// From the first message to the last.
inline void report_seconds(double seconds) {
    std::printf("%.9f seconds\n", seconds);
    std::fflush(stdout);
}
/// Of one round trip, on average.
inline void report_round_trip(double seconds, std::uint64_t count) {
    std::printf("%.3f microseconds\n", seconds * 1e6 / static_cast<double>(count));
}

/// As many descriptors as the system lets the process have.
inline void raise_descriptor_limit() noexcept {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/// Calls `body`; what it throws is printed and ends the process, whatever its other threads do.
template <class Body> void end_on_error(Body body) {
    try {
        body();
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
        std::fflush(stdout);
        std::_Exit(1);
    }
}

/// What a program's main does.
template <class Body> int run_main(Body body) {
    alarm(time_limit_s);
    end_on_error(body);
    return 0;
}

} // namespace bench
