// What a Majordomo client makes of whatever its brokers send.
#include "ledger.hpp"
#include "majordomo_input.hpp"
#include "majordomo_witness.hpp"
#include <mizzen/patterns/majordomo/client_core.hpp>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

namespace mizzen::sim {
namespace {

using word = majordomo_witness::word;

const frames client_services{"good", "good", "good", "other", "mmi.broker", ""};
constexpr std::size_t most_connections = 4;
constexpr std::size_t most_tags = 8;

majordomo::client_options options(script_reader& script) {
    majordomo::client_options chosen;
    chosen.timeout = milliseconds{100};
    chosen.retries = static_cast<int>(script.octet() % 3);
    chosen.retry_delay = milliseconds{10};
    chosen.max_connections = most_connections;
    chosen.max_outstanding = 3;
    chosen.max_waiting = 3;
    chosen.probe_timeout = milliseconds{50};
    if (script.octet() % 2 == 0)
        chosen.protocol = majordomo::dialect::version::mdp02;
    return chosen;
}

class client_player {
public:
    explicit client_player(std::span<const std::uint8_t> script)
        : script_{script}, core_{options(script_), 1} {
        core_.add_broker();
        core_.add_broker();
    }

    std::uint64_t run() {
        while (!script_.empty())
            one_step();
        // From here on the brokers behave.
        behaving_ = true;
        for (int i = 0; i < 100 && !waiting_.empty(); ++i)
            pass(milliseconds{100});
        must(waiting_.empty(), "every request ends");
        answered_ = false;
        ask();
        pass(milliseconds{2000});
        must(answered_, "whatever came before, a client has its answer from a broker that behaves");
        return core_.stats().malformed;
    }

private:
    void one_step() {
        const std::size_t what = script_.octet();
        switch (what % 16) {
        case 0: return pass(milliseconds{script_.octet()});
        case 1:
        case 2: return ask();
        case 3:
            if (waiting_.empty())
                return;
            core_.cancel(*waiting_.begin(), now_);
            return act();
        case 4:
        case 5:
            if (links_.empty())
                return;
            if (what % 16 == 4)
                core_.link_lost(some_link(what), now_);
            else
                core_.link_refused(some_link(what), now_);
            return act();
        default: break;
        }
        if (links_.empty())
            return;
        const frames m = read_message(script_, bound_for::client, tags_, client_services);
        hear(some_link(what), m);
    }

    void ask() {
        std::error_code ec;
        const std::uint64_t request = core_.request("good", message{"question"}, {}, now_, ec);
        must(ec ? request == 0 : waiting_.insert(request).second, "requests have numbers");
        act();
    }

    void hear(std::uint32_t link, const frames& m) {
        heard_ = &m;
        core_.receive(link, message_of(m), now_);
        act();
        heard_ = nullptr;
    }

    std::uint32_t some_link(std::size_t which) {
        return *std::next(links_.begin(), static_cast<std::ptrdiff_t>(which / 16 % links_.size()));
    }

    void pass(milliseconds time) {
        const time_point end = now_ + time;
        for (auto due = core_.deadline(); due && *due <= end; due = core_.deadline()) {
            must(++steps_ < 100'000, "time-outs that were handled are over");
            now_ = std::max(now_, *due);
            core_.handle_timeout(now_);
            act();
        }
        now_ = end;
    }

    void act() {
        for (majordomo::client_core::action next; core_.next_action(next);) {
            switch (next.what) {
            case majordomo::client_core::step::open:
                must(links_.insert(next.link).second, "a link is opened once");
                must(links_.size() <= 2 * most_connections + 2, "connections are bounded");
                break;
            case majordomo::client_core::step::close:
                must(links_.erase(next.link) == 1, "what is closed was open");
                break;
            case majordomo::client_core::step::send: sent(next.link, next.m); break;
            case majordomo::client_core::step::partial:
                must(heard_ != nullptr && waiting_.contains(next.request),
                     "a part of a reply is one that came");
                break;
            case majordomo::client_core::step::done: done(next); break;
            }
        }
        must(core_.pending() == waiting_.size(), "a client knows what is not over");
        if (behaving_)
            reply_to_all();
    }

    void sent(std::uint32_t link, const message& m) {
        must(links_.contains(link), "what is sent goes to a link that is open");
        const auto out = majordomo_witness::parse(m, true);
        must(out.what == word::client_request && m.size() > out.rest + 1,
             "a client says what the RFCs have words for");
        if (m.text(0).starts_with("M1")) {
            if (tags_.size() < most_tags)
                tags_.emplace_back(m.text(0));
            else
                tags_[script_.octet() % most_tags] = m.text(0);
        }
        if (behaving_)
            unanswered_.emplace_back(link, frames_of(m));
    }

    void done(const majordomo::client_core::action& last) {
        must(waiting_.erase(last.request) == 1, "a request ends once");
        if (last.ec)
            return;
        must(heard_ != nullptr, "a reply is something that came");
        const auto in = majordomo_witness::parse(message_of(*heard_), false);
        must(in.what == word::client_reply, "a reply is what the RFCs say");
        must((*heard_)[in.rest] == "good", "a reply is the service's that was asked");
        must(last.m.text(last.m.size() - 1) == heard_->back(), "a reply is what came");
        answered_ = heard_->back() == "answer";
    }

    void reply_to_all() {
        while (!unanswered_.empty()) {
            auto [link, m] = std::move(unanswered_.back());
            unanswered_.pop_back();
            if (!links_.contains(link))
                continue;
            m.back() = "answer";
            const auto in = majordomo_witness::parse(message_of(m), true);
            if (m[in.rest] == "mmi.broker") {
                m.back() = "200";
                m.emplace_back("M1");
            }
            if (m[0].starts_with("M1"))
                m[0] += '\0';
            for (std::string& part : m)
                if (part == "\x01" && m[in.rest - 2] == "MDPC02")
                    part = "\x03"; // FINAL
            hear(link, m);
        }
    }

    script_reader script_;
    time_point now_{milliseconds{1000}};
    majordomo::client_core core_;
    std::set<std::uint32_t> links_;
    std::set<std::uint64_t> waiting_;
    frames tags_{"M1" + std::string(20, 'x')};
    const frames* heard_ = nullptr;
    std::vector<std::pair<std::uint32_t, frames>> unanswered_;
    bool behaving_ = false;
    bool answered_ = false;
    int steps_ = 0;
};

} // namespace

std::uint64_t client_input(std::span<const std::uint8_t> script) {
    return client_player{script}.run();
}

} // namespace mizzen::sim
