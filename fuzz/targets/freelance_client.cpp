// Holds: whatever servers send to a Freelance client, each request ends once and in time, no more
// are under way than may be, none goes twice over a connection nor to a server that is not there,
// and a server that behaves is believed in the end.
#include "support/choices.hpp"
#include "support/must.hpp"
#include "support/pirate_messages.hpp"
#include <mizzen/patterns/freelance/client_core.hpp>
#include <mizzen/patterns/freelance/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <system_error>
#include <utility>

namespace mizzen::fuzz {
namespace {

using namespace freelance;

constexpr std::size_t most_servers = 4;

client_options chosen(choices& from) {
    const std::uint8_t bits = from.octet();
    client_options out;
    out.how = bits % 2 == 0 ? model::complex : model::shotgun;
    out.hedge = bits / 2 % 2 != 0;
    out.prefer = bits / 4 % 2 == 0 ? preference::order : preference::latency;
    out.another_after = milliseconds{bits / 8 % 4 * 20};
    out.max_outstanding = 1 + bits / 32;
    out.timeout = milliseconds{500};
    out.ping = milliseconds{50};
    out.ttl = milliseconds{150};
    return out;
}

class history {
public:
    explicit history(choices from)
        : from_{from}, options_{chosen(from_)}, complex_{options_.how == model::complex},
          client_{options_, 1, now_} {
        for (std::size_t i = 0; i < most_servers; ++i)
            add();
    }

    void play() {
        for (int steps = 0; !from_.empty() && steps < 500; ++steps) {
            step();
            collect();
            check();
        }
        end_all();
        serve_in_the_end();
    }

private:
    struct server {
        bool is_up = false;
        std::set<std::string> had; // over this connection
        zmtp::message sent;        // last
    };

    void add() {
        servers_.try_emplace(client_.add_server());
        collect();
    }
    [[nodiscard]] std::map<client_core::server_id, server>::iterator one(std::size_t which) {
        return std::next(servers_.begin(), static_cast<std::ptrdiff_t>(which % servers_.size()));
    }

    void step() {
        const std::uint8_t what = from_.octet();
        const auto who = one(what / 16);
        switch (what % 16) {
        case 0:
        case 1: return request();
        case 2: return client_.cancel(what / 16, now_);
        case 3:
        case 4: return up(who->first, who->second);
        case 5: return down(who->first, who->second);
        case 6:
        case 7: return answer(*who, who->second.sent);
        case 8: return answer(*who, one(what / 16 + 1)->second.sent); // another one's
        case 9:
            return client_.receive(who->first, pirate_message(from_, control_of(*one(0))), now_);
        case 10: return client_.receive(who->first, status(control_of(*who), from_.octet()), now_);
        case 11: return client_.receive(who->first, zmtp::message{"PONG"}, now_);
        case 12: return replace(who->first);
        case 13: now_ += milliseconds{from_.octet()}; break;
        case 14: now_ += milliseconds{100} * from_.octet(); break;
        default: break;
        }
        client_.handle_timeout(now_);
    }

    void request() {
        std::error_code ec;
        const std::uint64_t number = client_.request(zmtp::message{"body"}, std::nullopt, now_, ec);
        must((number != 0) != static_cast<bool>(ec), "a request has a number or an error");
        must(!ec || ec == errc::too_many_requests, "a request is taken, or there is no room");
        if (!ec)
            must(running_.insert(number).second, "numbers are not used again");
    }
    void up(client_core::server_id id, server& s) {
        if (!std::exchange(s.is_up, true))
            s.had.clear();
        client_.up(id, now_);
    }
    void down(client_core::server_id id, server& s) {
        s.is_up = false;
        client_.down(id, now_);
    }
    void replace(client_core::server_id id) {
        client_.remove_server(id, now_);
        collect();
        servers_.erase(id);
        add();
    }
    [[nodiscard]] std::string
    control_of(const std::pair<const client_core::server_id, server>& of) const {
        const zmtp::message& m = of.second.sent;
        return m.empty() ? std::string{} : std::string{m.text(complex_ ? 0 : 1)};
    }
    [[nodiscard]] static zmtp::message status(std::string control, std::uint8_t outcome) {
        control.push_back(static_cast<char>(outcome));
        return zmtp::message{control, "why"};
    }
    void answer(const std::pair<const client_core::server_id, server>& who,
                const zmtp::message& sent) {
        if (!sent.empty())
            client_.receive(who.first, sent.share(), now_);
    }

    void collect() {
        for (client_core::action out; client_.next_action(out);) {
            switch (out.what) {
            case client_core::step::send: sent(servers_.at(out.server), std::move(out.m)); break;
            case client_core::step::reset: servers_.at(out.server).is_up = false; break;
            case client_core::step::done:
                must(running_.erase(out.request) == 1, "each request ends once");
                must(out.ec || !out.m.empty(), "a reply has a body");
                break;
            default: break;
            }
        }
    }
    void sent(server& to, zmtp::message m) const {
        must(to.is_up, "what is sent has a connection");
        if (complex_ && is_word(m, ping))
            return;
        const std::size_t control = complex_ ? 0 : 1;
        must(m.size() == control + 2 && m.text(control + 1) == "body", "a request is framed");
        // A tag's last octets are the time that is left.
        must(to.had.emplace(m.text(control).substr(0, 18)).second,
             "a request goes once over a connection");
        to.sent = std::move(m);
    }

    void check() const {
        const client_stats& seen = client_.stats();
        must(seen.outstanding == running_.size(), "what is not over is under way");
        must(seen.outstanding <= options_.max_outstanding, "no more are under way than may be");
        must(seen.outstanding != 0 || seen.octets == 0, "octets are of what is under way");
        must(seen.servers == most_servers && seen.alive <= most_servers, "servers are counted");
    }

    void end_all() {
        const zmtp::time_point limit = now_ + options_.timeout;
        while (!running_.empty()) {
            const auto due = client_.deadline();
            must(due.has_value() && *due <= limit, "each request ends in time");
            now_ = std::max(now_, *due);
            client_.handle_timeout(now_);
            collect();
        }
    }
    void serve_in_the_end() {
        for (auto& [id, each] : servers_) {
            up(id, each);
            collect();
        }
        request();
        collect();
        for (const auto& each : servers_)
            answer(each, each.second.sent);
        collect();
        must(running_.empty(), "a server that behaves is believed");
        check();
    }

    choices from_;
    client_options options_;
    bool complex_;
    zmtp::time_point now_{std::chrono::hours{1}};
    client_core client_;
    std::map<client_core::server_id, server> servers_;
    std::set<std::uint64_t> running_;
};

} // namespace
} // namespace mizzen::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    mizzen::fuzz::history{mizzen::fuzz::choices{data, size}}.play();
    return 0;
}
