// A client's core whose actions are kept, in virtual time.
#pragma once

#include "majordomo_helpers.hpp"
#include <mizzen/patterns/majordomo/client_core.hpp>

#include <doctest/doctest.h>

#include <map>
#include <utility>

namespace mizzen::majordomo::test {

[[nodiscard]] inline client_options without_pauses() {
    client_options options;
    options.retry_delay = 0ms;
    return options;
}

struct test_client {
    using step = client_core::step;

    struct sent_message {
        std::uint32_t link = 0;
        frames parts;
    };
    struct result {
        std::error_code ec;
        frames body;
    };

    time_point now = start;
    client_core core;
    std::vector<step> steps;                      // since they were taken
    std::map<std::uint32_t, std::uint32_t> links; // open ones, and their brokers
    std::vector<sent_message> sent;
    std::map<std::uint64_t, result> results;
    std::map<std::uint64_t, messages> parts;

    explicit test_client(const client_options& options = {}, int brokers = 1,
                         std::uint64_t seed = 1)
        : core{options, seed} {
        while (brokers-- > 0)
            core.add_broker();
    }

    void collect() {
        for (client_core::action out; core.next_action(out);) {
            steps.push_back(out.what);
            switch (out.what) {
            case step::open: CHECK(links.emplace(out.link, out.broker).second); break;
            case step::send:
                CHECK(links.contains(out.link));
                sent.push_back({out.link, frames_of(out.m)});
                break;
            case step::close: CHECK(links.erase(out.link) == 1); break;
            case step::partial: parts[out.request].push_back(frames_of(out.m)); break;
            case step::done:
                CHECK(results.emplace(out.request, result{out.ec, frames_of(out.m)}).second);
                break;
            }
        }
    }
    std::uint64_t request(const std::string& service, const frames& body,
                          const request_options& wanted = {}) {
        std::error_code ec = errc::expired; // to see it cleared
        const std::uint64_t number = core.request(service, message_of(body), wanted, now, ec);
        CHECK_FALSE(ec);
        CHECK(number != 0);
        collect();
        return number;
    }
    std::error_code refused(const std::string& service, const frames& body) {
        std::error_code ec;
        CHECK(core.request(service, message_of(body), {}, now, ec) == 0);
        collect();
        return ec;
    }
    void in(std::uint32_t link, const frames& what) {
        core.receive(link, message_of(what), now);
        collect();
    }
    void cancel(std::uint64_t request) {
        core.cancel(request, now);
        collect();
    }
    void lost(std::uint32_t link) {
        core.link_lost(link, now);
        collect();
    }
    void link_refused(std::uint32_t link) {
        core.link_refused(link, now);
        collect();
    }
    void advance(milliseconds by) {
        pass_time(core, now, by, [this] { collect(); });
    }
    /// Answers mmi.broker, which was sent last, as a plain broker, or one that knows tags.
    void learn(bool aware) {
        REQUIRE_FALSE(sent.empty());
        const sent_message probe = sent.back();
        REQUIRE(probe.parts == client_frames("mmi.broker", {""}));
        sent.clear();
        steps.clear();
        in(probe.link, client_frames("mmi.broker", aware ? frames{"200", "M1"} : frames{"501"}));
    }
    std::vector<step> take_steps() { return std::exchange(steps, {}); }
    std::vector<sent_message> take_sent() { return std::exchange(sent, {}); }
    /// The only open link.
    std::uint32_t link() {
        REQUIRE(links.size() == 1);
        return links.begin()->first;
    }
};

/// A reply to a request as it was sent with its tag.
inline frames tagged_reply(const frames& request, const frames& body, char outcome = '\0') {
    return frames{request.at(0) + outcome} + client_frames(request.at(3), body);
}

} // namespace mizzen::majordomo::test
