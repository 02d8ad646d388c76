// What a Majordomo broker makes of whatever peers send.
#include "majordomo_input.hpp"
#include "majordomo_witness.hpp"

#include <algorithm>

namespace mizzen::sim {
namespace {

using majordomo::broker_options;
using majordomo::broker_stats;

constexpr peer_id good_worker = 1;
constexpr peer_id good_client = 2;
constexpr peer_id first_other = 3;
constexpr peer_id others = 4;
constexpr std::size_t most_handles = 20;

const frames broker_services{
    "evil",        "evil2", "mmi.service", "mmi.services", "mmi.evil",
    "mmi.workers", "",      "two words",   "\n",           std::string(300, 's')};

broker_options tight_broker() {
    broker_options tight;
    tight.heartbeat = milliseconds{100};
    tight.request_expiry = milliseconds{1000};
    tight.service_expiry = milliseconds{500};
    tight.max_requests_per_service = 5;
    tight.max_queued_octets = 1000;
    tight.max_services = 4;
    return tight;
}

std::uint64_t bad_ones(const broker_stats& stats) {
    return stats.malformed + stats.wrong_role + stats.unexpected + stats.ignored;
}

class broker_player {
public:
    explicit broker_player(std::span<const std::uint8_t> script) : script_{script} {
        up(good_worker);
        up(good_client);
        in(good_worker, {"", "MDPW01", "\x01", "good"});
        for (peer_id other = first_other; other < first_other + others; ++other)
            up(other);
    }

    std::uint64_t run() {
        for (int step = 0; !script_.empty(); ++step) {
            one_step();
            if (step % 16 == 0)
                serve();
        }
        serve();
        for (peer_id other = first_other; other < first_other + others; ++other)
            down(other);
        for (int i = 0; i < 30; ++i)
            pass(milliseconds{100});
        const broker_stats& stats = core_.stats();
        must(stats.peers == 2 && stats.workers == 1, "of peers that are gone nothing is kept");
        must(stats.queued == 0 && stats.dispatched == 0,
             "of requests whose clients are gone nothing is kept");
        must(stats.services == 1, "services without workers and requests vanish");
        serve();
        return stats.malformed;
    }

private:
    void one_step() {
        const std::size_t what = script_.octet();
        const peer_id who = first_other + what / 16 % others;
        switch (what % 16) {
        case 0: return pass(milliseconds{script_.octet() % 100});
        case 1: down(who); return up(who);
        default: break;
        }
        const frames m = read_message(script_, bound_for::broker, handles_, broker_services);
        const std::uint64_t before = bad_ones(core_.stats());
        const bool is_one =
            majordomo_witness::parse(message_of(m), true).what != majordomo_witness::word::none;
        in(who, m);
        must(is_one || bad_ones(core_.stats()) == before + 1, "what is no Majordomo is counted");
    }

    // One request of a client that behaves, from its beginning to its end.
    void serve() {
        handle_.clear();
        answer_.clear();
        in(good_client, {"", "MDPC01", "good", "question"});
        must(!handle_.empty(), "whatever others send, a worker that behaves is given requests");
        in(good_worker, {"", "MDPW01", "\x03", handle_, "", "answer"});
        must(answer_ == frames{"", "MDPC01", "good", "answer"},
             "whatever others send, a client that behaves is answered");
    }

    void up(peer_id who) {
        witness_.peer_up(who);
        core_.peer_up(who);
    }
    void down(peer_id who) {
        core_.peer_down(who, now_);
        witness_.peer_down(who);
        collect();
    }
    void in(peer_id from, const frames& m) {
        witness_.heard(from, message_of(m), now_);
        core_.receive(from, message_of(m), now_);
        collect();
    }
    void pass(milliseconds time) {
        const time_point end = now_ + time;
        for (auto due = core_.deadline(); due && *due <= end; due = core_.deadline()) {
            must(*due >= now_ || ++overdue_ < 1000, "time-outs that were handled are over");
            now_ = std::max(now_, *due);
            witness_.ticks(now_);
            core_.handle_timeout(now_);
            collect();
            witness_.ticked();
        }
        now_ = end;
        in(good_worker, {"", "MDPW01", "\x04"});
    }
    void collect() {
        for (majordomo::broker_core::output out; core_.next_output(out);) {
            if (out.what != majordomo::broker_core::step::send)
                continue; // it has few enough requests to read on
            witness_.said(out.to, out.m, now_);
            frames m;
            for (const octets part : out.m)
                m.emplace_back(zmtp::as_text(part));
            if (out.to == good_client)
                answer_ = std::move(m);
            else if (m.size() > 5 && m[2] == "\x02")
                note(out.to, m[3]);
            else if (m.size() > 4 && m[0] == "MDPW02" && m[1] == "\x02")
                note(out.to, m[2]);
        }
        witness_.check(core_.stats(), now_);
    }
    void note(peer_id to, const std::string& handle) {
        if (to == good_worker)
            handle_ = handle;
        else if (handles_.size() < most_handles)
            handles_.push_back(handle);
        else
            handles_[script_.octet() % most_handles] = handle;
    }

    script_reader script_;
    time_point now_{milliseconds{1000}};
    majordomo::broker_core core_{tight_broker(), now_};
    majordomo_witness witness_{tight_broker()};
    frames handles_{"", "x", std::string(8, '\0'), std::string(9, '\1')};
    std::string handle_;
    frames answer_;
    int overdue_ = 0;
};

} // namespace

std::uint64_t broker_input(std::span<const std::uint8_t> script) {
    return broker_player{script}.run();
}

} // namespace mizzen::sim
