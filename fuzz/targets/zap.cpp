// Holds: whatever a ZAP handler sends, each question has one answer and in time, nobody is let in
// but by a reply that a plain reading takes for a 200 to what was asked, what is kept stays within
// its bounds, and a handler that behaves is believed in the end.
#include "../lib/src/zap_core.hpp"
#include "support/choices.hpp"
#include "support/must.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mizzen::fuzz {
namespace {

using detail::zap_core;
using std::chrono::milliseconds;
using zmtp::verdict;
using frames = std::vector<std::string>;

constexpr std::size_t most_outstanding = 3;

/// Whether a list of properties ends where it should, within a handshake's limits.
bool plain_metadata(std::string_view text) {
    std::size_t count = 0;
    std::size_t size = 0;
    while (!text.empty()) {
        const auto name = static_cast<unsigned char>(text[0]);
        if (name == 0 || text.size() < name + std::size_t{5})
            return false;
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < 4; ++i)
            value = value << 8 | static_cast<unsigned char>(text[name + std::size_t{1} + i]);
        text.remove_prefix(name + std::size_t{5});
        if (value > text.size())
            return false;
        text.remove_prefix(value);
        size += value;
        ++count;
    }
    return count <= 64 && size <= 8192;
}

/// The frames of 27/ZAP, read as its grammar has them.
bool answers(const frames& f, std::uint64_t question, std::string_view status) {
    return f.size() == 7 && f[0].empty() && f[1] == "1.0" && f[2] == std::to_string(question) &&
           f[3] == status && f[5].size() <= 255 && plain_metadata(f[6]);
}

class history {
public:
    explicit history(choices from)
        : from_{from}, core_{"ipc:///handler", {milliseconds{1000}, most_outstanding, {}}} {}

    void play() {
        for (int steps = 0; !from_.empty() && steps < 500; ++steps) {
            step();
            collect({});
        }
        believe_in_the_end();
    }

private:
    void step() {
        const std::uint8_t what = from_.octet();
        switch (what % 8) {
        case 0: return ask(what / 8);
        case 1: return send(what / 8);
        case 2: return core_.connection_lost();
        case 3: return core_.set_trouble(what / 8 % 2 == 0 ? "" : "Connection refused");
        case 4: return wait(milliseconds{from_.octet()} * (what / 8));
        case 5: return hear(mostly_right(what / 8));
        default: return hear(anything());
        }
    }

    void ask(std::size_t credentials) {
        authentication_request about;
        about.domain = as_text(from_.take(credentials % 4));
        about.mechanism = "PLAIN";
        about.credentials.assign(credentials % 3, "x");
        const std::uint64_t number = core_.ask(about, now_);
        must(number > last_, "a question has a number of its own");
        last_ = number;
        open_.insert(number);
    }
    void send(int most) {
        for (; most != 0; --most) {
            const message* const next = core_.next_request();
            if (next == nullptr)
                return;
            must(next->size() >= 7 && next->front().empty() && next->text(1) == "1.0",
                 "a request is framed");
            const std::uint64_t number = std::stoull(std::string{next->text(2)});
            must(open_.contains(number), "only what is open is asked");
            sent_.insert(number);
            core_.sent();
        }
    }
    void wait(milliseconds time) {
        now_ += time;
        core_.handle_timeout(now_);
        must(!core_.deadline() || *core_.deadline() > now_, "what is due is over");
    }

    std::string some_id() {
        const std::uint8_t what = from_.octet();
        if (what < 250)
            return std::to_string(last_ - std::min<std::uint64_t>(last_, what % 8));
        return std::string{as_text(from_.take(what - 250U))};
    }
    std::string some_frame() {
        const std::uint8_t what = from_.octet();
        switch (what) {
        case 0: return {};
        case 1: return "1.0";
        case 2: return "200";
        case 3: return "300";
        case 4: return "400";
        case 5: return "500";
        case 6: return some_id();
        case 7: return std::string(256 + from_.octet(), 'x');
        case 8: return std::string{"\1a\0\0\0\1b", 7};
        case 9: {
            std::string many;
            for (int i = from_.octet() % 80; i != 0; --i)
                many += std::string{"\1a\0\0\0\0", 6};
            return many;
        }
        default: return std::string{as_text(from_.take(what % 64))};
        }
    }
    frames mostly_right(std::size_t wrong) {
        frames f{"", "1.0", some_id(), "200", "OK", "ann", std::string{"\1a\0\0\0\1b", 7}};
        if (wrong < f.size())
            f[wrong] = some_frame();
        return f;
    }
    frames anything() {
        frames f;
        for (std::size_t left = from_.octet() % 10; left != 0; --left)
            f.push_back(some_frame());
        return f;
    }
    void hear(const frames& f) {
        message m;
        for (const std::string& each : f)
            m.push_back(std::string_view{each});
        const zap_client_stats before = core_.stats();
        core_.receive(m);
        const zap_client_stats& now = core_.stats();
        must(now.accepted + now.refused + now.malformed + now.unexpected ==
                 before.accepted + before.refused + before.malformed + before.unexpected + 1,
             "each message is counted once");
        collect(f);
    }

    // `heard` is what came last.
    void collect(const frames& heard) {
        for (zap_core::answer next; core_.next_answer(next);) {
            must(open_.erase(next.question) == 1, "each question has one answer");
            must(!next.what.reason.empty() && next.what.reason.size() < 400, "which says why");
            if (next.what.verdict == verdict::accepted) {
                must(sent_.contains(next.question), "who is let in was asked about");
                must(answers(heard, next.question, "200"), "by a reply that is a 200");
                must(next.what.user_id == heard[5], "and says who it is");
            } else {
                must(next.what.user_id.empty() && next.what.metadata.empty(),
                     "nothing is said of who is not let in");
                must(!answers(heard, next.question, "200"), "who is refused has no 200");
            }
            if (next.what.verdict == verdict::refused)
                must(answers(heard, next.question, "400"), "a 400 is the handler's");
            if (next.what.verdict == verdict::try_later)
                must(answers(heard, next.question, "300"), "so is a 300");
        }
        const zap_client_stats& now = core_.stats();
        must(now.outstanding <= most_outstanding, "no more are open than may");
        must(now.outstanding == open_.size(), "what has no answer is open");
        must(core_.deadline().has_value() == !open_.empty(), "and has an end");
    }

    void believe_in_the_end() {
        wait(milliseconds{1000});
        collect({});
        must(open_.empty(), "each question ends in time");
        ask(2);
        send(1);
        hear({"", "1.0", std::to_string(last_), "200", "OK", "ann", ""});
        must(open_.empty() && core_.stats().accepted != 0, "a handler that behaves is believed");
    }

    choices from_;
    zap_core core_;
    zap_core::time_point now_{std::chrono::hours{1}};
    std::uint64_t last_ = 0;
    std::set<std::uint64_t> open_;
    std::set<std::uint64_t> sent_;
};

} // namespace
} // namespace mizzen::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    mizzen::fuzz::history{mizzen::fuzz::choices{data, size}}.play();
    return 0;
}
