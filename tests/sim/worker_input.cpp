// What a Majordomo worker makes of whatever its broker sends.
#include "ledger.hpp"
#include "majordomo_input.hpp"
#include "majordomo_witness.hpp"
#include <mizzen/patterns/majordomo/worker_core.hpp>

#include <algorithm>
#include <map>

namespace mizzen::sim {
namespace {

const frames addresses{
    "", "x", "client", std::string(8, '\2'), std::string(9, '\1'), std::string(255, 'a')};
const frames worker_services{"good"};
constexpr std::size_t most_requests = 4;

majordomo::worker_options tight_worker() {
    majordomo::worker_options tight;
    tight.service = "good";
    tight.heartbeat = milliseconds{100};
    tight.reconnect_max = milliseconds{1000};
    tight.max_requests = most_requests;
    return tight;
}

class worker_player {
public:
    explicit worker_player(std::span<const std::uint8_t> script) : script_{script} {
        core_.connected(now_);
        act(nullptr);
    }

    std::uint64_t run() {
        while (!script_.empty())
            one_step();
        // From here on the broker behaves.
        while (!given_.empty())
            answer(false);
        core_.disconnected(now_);
        act(nullptr);
        for (int i = 0; i < 40 && !connect(); ++i)
            pass(milliseconds{50});
        const frames request{"", "MDPW01", "\x02", "address", "", "question"};
        hear(request);
        must(given_.size() == 1, "whatever came before, a worker serves the next broker");
        answer(false);
        return core_.stats().malformed;
    }

private:
    void one_step() {
        const std::size_t what = script_.octet();
        switch (what % 16) {
        case 0: return pass(milliseconds{script_.octet()});
        case 1:
        case 2: return answer(what % 3 == 0);
        case 3:
            core_.disconnected(now_);
            forget();
            return act(nullptr);
        case 4: static_cast<void>(connect()); return;
        default: return hear(read_message(script_, bound_for::worker, addresses, worker_services));
        }
    }

    // The transport is up; true if READY followed.
    bool connect() {
        const std::uint64_t before = core_.stats().registrations;
        core_.connected(now_);
        if (core_.stats().registrations != before)
            forget();
        act(nullptr);
        return core_.stats().registrations != before;
    }

    void hear(const frames& m) {
        core_.receive(message_of(m), now_);
        act(&m);
    }

    void answer(bool fails) {
        if (given_.empty())
            return;
        const auto one = given_.begin();
        const std::uint64_t request = one->first;
        awaited_ = one->second;
        given_.erase(one);
        if (fails) {
            core_.fail(request, "as told", now_);
        } else {
            core_.reply(request, message{"answer"}, now_);
            must_reply_ = true;
        }
        act(nullptr);
        must(!must_reply_, "an answer to a request goes out");
    }

    void pass(milliseconds time) {
        const time_point end = now_ + time;
        for (auto due = core_.deadline(); due && *due <= end; due = core_.deadline()) {
            must(++steps_ < 100'000, "time-outs that were handled are over");
            now_ = std::max(now_, *due);
            core_.handle_timeout(now_);
            act(nullptr);
        }
        now_ = end;
    }

    void act(const frames* heard) {
        for (majordomo::worker_core::action next; core_.next_action(next);) {
            switch (next.what) {
            case majordomo::worker_core::step::send: sent(next.m); break;
            case majordomo::worker_core::step::reconnect: forget(); break;
            case majordomo::worker_core::step::handle_request: {
                must(heard != nullptr, "requests come from the broker");
                const auto in = majordomo_witness::parse(message_of(*heard), false);
                must(in.what == majordomo_witness::word::request,
                     "a handler is given nothing but requests");
                must(next.m.text(next.m.size() - 1) == heard->back(),
                     "a handler is given the request's body");
                must(given_.emplace(next.request, (*heard)[in.rest]).second,
                     "requests have numbers of their own");
                must(given_.size() <= most_requests, "what a worker holds is bounded");
                break;
            }
            default: must(false, "a worker does what a worker does"); break;
            }
        }
        if (!core_.busy())
            forget(); // it gave the conversation up
        must(core_.busy() == !given_.empty(), "a worker knows what its handler has");
    }

    void sent(const message& m) {
        using word = majordomo_witness::word;
        const auto out = majordomo_witness::parse(m, true);
        must(out.what == word::ready || out.what == word::heartbeat || out.what == word::reply ||
                 out.what == word::partial || out.what == word::disconnect,
             "a worker says what the RFCs have words for");
        if (out.what == word::reply) {
            must(m.text(out.rest).starts_with(awaited_), "a reply has its request's address");
            must(m.size() > out.rest + 2, "a reply has a body");
            must_reply_ = false;
        }
    }
    void forget() { given_.clear(); }

    script_reader script_;
    time_point now_{milliseconds{1000}};
    majordomo::worker_core core_{tight_worker(), now_, 1};
    std::map<std::uint64_t, std::string> given_; // addresses
    std::string awaited_;
    bool must_reply_ = false;
    int steps_ = 0;
};

} // namespace

std::uint64_t worker_input(std::span<const std::uint8_t> script) {
    return worker_player{script}.run();
}

} // namespace mizzen::sim
