// Messages in short, and a loop with a limit, for the tests of patterns.
#pragma once

#include <mizzen/message.hpp>
#include <mizzen/zmtp/config.hpp>

#include <asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace mizzen::patterns::test {

using namespace std::chrono_literals;
using namespace std::string_literals;
using frames = std::vector<std::string>;
using messages = std::vector<frames>;

inline const zmtp::time_point start{1000s};

inline frames frames_of(const message& m) {
    frames out;
    for (const octets part : m)
        out.emplace_back(as_text(part));
    return out;
}
inline message message_of(const frames& parts) {
    message m;
    for (const std::string& part : parts)
        m.push_back(part);
    return m;
}

inline frames operator+(frames a, const frames& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

/// "M1", sixteen times `id`, a deadline; in a reply a status.
inline std::string tag_frame(char id, std::uint32_t deadline_ms = 0) {
    std::string tag = "M1" + std::string(16, id);
    for (int shift = 24; shift >= 0; shift -= 8)
        tag.push_back(static_cast<char>(deadline_ms >> shift));
    return tag;
}
inline std::string tag_frame(char id, std::uint32_t deadline_ms, char outcome) {
    return tag_frame(id, deadline_ms) + outcome;
}

/// Lets time pass, waking the core whenever it asked for that; `collect` takes what it then wants.
template <class Core, class Collect>
void pass_time(Core& core, zmtp::time_point& now, zmtp::time_point::duration by, Collect collect) {
    const zmtp::time_point end = now + by;
    for (auto due = core.deadline(); due && *due <= end; due = core.deadline()) {
        now = std::max(now, *due);
        core.handle_timeout(now);
        collect();
    }
    now = end;
}

/// Runs the loop until `condition` holds; false if it does not for a long while.
template <class Condition> bool run_until(asio::io_context& io, Condition condition) {
    const auto limit = std::chrono::steady_clock::now() + 20s;
    while (!condition()) {
        if (io.run_one_until(limit) == 0)
            return false;
    }
    return true;
}

/// How an asynchronous request ended.
struct outcome {
    int ends = 0;
    std::error_code ec;
    frames reply;

    auto handler() {
        return [this](std::error_code error, const message& m) {
            ++ends;
            ec = error;
            reply = frames_of(m);
        };
    }
};

} // namespace mizzen::patterns::test
