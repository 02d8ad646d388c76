// Options that say how much, how many, or how long.
#pragma once

#include <CLI/CLI.hpp>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <system_error>

namespace mizzen::cli {

template <class Number>
CLI::Option* add_number(CLI::App& sub, const char* name, Number& value, const char* what,
                        const char* type = "N", Number least = 1) {
    return sub.add_option(name, value, what)
        ->type_name(type)
        ->check(CLI::Range(least, std::numeric_limits<Number>::max()))
        ->check([](const std::string& text) { // else -1, say, would be read as a very large one
            Number read{};
            const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), read);
            const bool number = ec == std::errc{} && end == text.data() + text.size();
            return number ? std::string{} : text + " is no such number";
        })
        ->capture_default_str();
}

inline CLI::Option* add_time(CLI::App& sub, const char* name, std::chrono::milliseconds& value,
                             const char* what) {
    return sub
        .add_option_function<std::int64_t>(
            name, [&value](const std::int64_t& given) { value = std::chrono::milliseconds{given}; },
            what)
        ->type_name("MS")
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000'000}))
        ->default_str(std::to_string(value.count()));
}

inline CLI::Option* add_busy_poll(CLI::App& sub, const char* name, std::chrono::microseconds& value,
                                  const char* what) {
    return sub
        .add_option_function<std::int64_t>(
            name, [&value](const std::int64_t& given) { value = std::chrono::microseconds{given}; },
            what)
        ->type_name("US")
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000}))
        ->default_str(std::to_string(value.count()));
}

} // namespace mizzen::cli
