// Random operations on simulated sockets.
#include "play.hpp"

#include "script_reader.hpp"
#include "world.hpp"

#include <array>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace mizzen::sim {
namespace {

using zmtp::socket_type;

void must(bool holds, const char* sentence) {
    if (!holds)
        throw std::logic_error(sentence);
}

// The last part of each message that the players send.
struct body {
    std::array<char, 4> mark{'b', 'o', 'd', 'y'};
    std::uint32_t sender = 0;
    std::uint64_t number = 0; // of those that the sender has sent
};

constexpr std::array<std::array<socket_type, 4>, 5> families{{
    {socket_type::dealer, socket_type::router, socket_type::dealer, socket_type::router},
    {socket_type::push, socket_type::pull, socket_type::push, socket_type::pull},
    {socket_type::pub, socket_type::sub, socket_type::xpub, socket_type::xsub},
    {socket_type::pair, socket_type::pair, socket_type::pair, socket_type::pair},
    {socket_type::req, socket_type::rep, socket_type::dealer, socket_type::router},
}};

bool publishes(socket_type type) {
    return type == socket_type::pub || type == socket_type::xpub || type == socket_type::xsub;
}

class player {
public:
    player(world& in, socket_type type, std::uint32_t number, script_reader& script)
        : type_{type}, number_{number}, socket_{in, type} {
        auto& options = socket_.core().options;
        const std::size_t chosen = script.octet();
        options.send_mark = 1 + chosen % 8;
        options.receive_mark = 1 + chosen / 8 % 8;
        options.linger = milliseconds{chosen % 3 == 0 ? 0 : 50};
        if (chosen % 4 == 1)
            options.mark_octets = 5000;
        options.immediate = (chosen & 0x40) != 0;
        options.router_handover = (chosen & 0x80) != 0;
        options.router_mandatory = chosen % 5 == 0;
        options.conflate = chosen % 17 == 0 && option::applies_to<option::conflate>(type);
        options.req_relaxed = options.req_correlate = chosen % 2 == 0;
        options.reconnect_first = milliseconds{1};
        options.reconnect_maximum = milliseconds{10};
        if (chosen % 7 == 0)
            options.beat = {milliseconds{20}, milliseconds{20}, milliseconds{40}};
        if (chosen % 11 < 3) // some have the same
            options.routing_id = std::string(1, static_cast<char>('A' + number % 2));
        socket_.core().options_changed();
    }

    socket& at() { return socket_; }
    [[nodiscard]] socket_type type() const { return type_; }
    [[nodiscard]] std::uint64_t sent() const { return sent_; }
    [[nodiscard]] std::uint64_t received() const { return received_; }

    // What a program sends does not overtake what it has sent before, so that one with operations
    // that wait has to wait, too.
    void send(std::size_t choice) {
        if (socket_.any_sender())
            return start_send(choice);
        message m = next_message(choice);
        std::error_code ec;
        const std::size_t parts = m.size();
        if (socket_.send(m, ec)) {
            ++sent_;
            must(m.empty(), "a message that was taken is gone");
        } else {
            must(m.size() == parts, "a message that was not taken is as it was");
        }
        socket_.pump();
    }
    // The message's sender and number, unless it is a subscription.
    std::optional<std::pair<peer_id, body>> receive() {
        message m;
        std::error_code ec;
        if (!socket_.receive(m, ec))
            return {};
        ++received_;
        socket_.pump();
        return body_of(m);
    }
    std::optional<std::pair<peer_id, body>> body_of(const message& m) {
        const peer_id peer = m.peer();
        const octets last = m[m.size() - 1];
        body got;
        if (m.size() > 1 && type_ == socket_type::router)
            last_id_ = std::string{as_text(m.front())};
        if (last.size() < sizeof got)
            return {};
        std::memcpy(&got, last.data(), sizeof got);
        return got.mark == body{}.mark ? std::optional{std::pair{peer, got}} : std::nullopt;
    }
    void start_send(std::size_t choice) {
        message m = next_message(choice);
        ++started_;
        socket_.start_send(
            std::move(m), [this, number = number_of_body_](std::error_code ec, message&& back) {
                ++ended_;
                if (!ec) {
                    ++sent_;
                    return;
                }
                must(!back.empty(), "a message that was not taken is given back");
                withdrawn_.insert(number);
                cancelled_ += static_cast<std::uint64_t>(ec == std::errc::operation_canceled);
            });
    }
    void start_receive() {
        ++started_;
        socket_.start_receive([this](std::error_code ec, message&& m) {
            ++ended_;
            if (!ec) {
                ++received_;
                completed_.push_back(std::move(m));
            }
            cancelled_ += static_cast<std::uint64_t>(ec == std::errc::operation_canceled);
        });
    }
    void cancel(std::size_t choice) {
        const std::uint64_t before = ended_;
        const bool any = socket_.cancel(choice);
        must(ended_ == before + static_cast<std::uint64_t>(any), "what is cancelled ends at once");
    }
    /// What operations that waited have received since.
    std::deque<message> take_completed() { return std::exchange(completed_, {}); }
    /// As if the program had ended.
    void finish() {
        socket_.abort_operations();
        must(ended_ == started_, "every operation ends, and once");
    }
    [[nodiscard]] std::uint64_t started() const { return started_; }
    [[nodiscard]] std::uint64_t cancelled() const { return cancelled_; }
    [[nodiscard]] bool withdrew(std::uint64_t number) const { return withdrawn_.contains(number); }
    [[nodiscard]] std::uint32_t number() const { return number_; }

    void subscribe(std::size_t choice) {
        const std::string topic = topic_of(choice);
        std::error_code ec;
        if (socket_.closed() || (type_ != socket_type::sub && type_ != socket_type::xsub))
            return;
        if (choice % 3 != 0)
            socket_.core().subscribe(as_octets(topic), ec);
        else
            socket_.core().unsubscribe(as_octets(topic), ec);
        socket_.pump();
    }
    void check() {
        const auto& options = socket_.core().options;
        std::size_t attached = 0;
        for (const auto& [key, s] : socket_.core().sessions()) {
            attached += static_cast<std::size_t>(s->phase == session_phase::attached);
            check_octets(*s);
            std::size_t own = 0; // subscriptions do not count: they are few, and sent at once
            if (type_ == socket_type::sub || type_ == socket_type::xsub)
                own = 1000;
            must(s->out.size() <= options.send_mark + own,
                 "what waits to be sent is within its mark");
            // What had come over a connection when it ended is kept beyond the mark.
            must(s->in.size() <= options.receive_mark + most_undecoded,
                 "what waits to be received is within its mark");
        }
        const auto& stats = socket_.core().stats;
        must(stats.connections - stats.disconnects == attached,
             "connections are those that came less those that went");
        must(stats.messages_received == received_ + skipped(),
             "what was received is what receive gave");
        if (!publishes(type_))
            must(stats.messages_sent + stats.dropped_no_route + stats.dropped_full == sent_,
                 "what send took was queued or counted as dropped");
    }

private:
    static constexpr std::size_t topics = 3;
    static constexpr std::size_t most_undecoded = 1000;

    void check_octets(session& s) {
        const auto& options = socket_.core().options;
        std::size_t out = 0;
        std::size_t in = 0;
        s.out.for_each([&](const message& m) { out += m.encoded_size(); });
        s.in.for_each([&](const message& m) { in += m.encoded_size(); });
        must(out == s.out_octets && in == s.in_octets, "a queue knows its octets");
        if (type_ != socket_type::sub && type_ != socket_type::xsub)
            must(out < options.mark_octets + largest, "what waits to be sent is within its octets");
    }
    static constexpr std::size_t largest = 10'000;

    // REQ and REP throw away what is no answer, or no question.
    [[nodiscard]] std::uint64_t skipped() {
        const auto& stats = socket_.core().stats;
        return type_ == socket_type::req || type_ == socket_type::rep
                   ? stats.messages_received - received_
                   : 0;
    }
    static std::string topic_of(std::size_t choice) {
        return std::string(choice % 2, static_cast<char>('a' + choice / 2 % topics));
    }
    message next_message(std::size_t choice) {
        message m;
        if (type_ == socket_type::router)
            m.push_back(choice % 8 == 0 ? std::string_view{"nobody"} : std::string_view{last_id_});
        if ((type_ == socket_type::router || type_ == socket_type::dealer) && choice % 4 != 0)
            m.push_back(octets{});
        if (publishes(type_))
            m.push_back(std::string{static_cast<char>('a' + choice % topics)});
        const body mine{.sender = number_, .number = ++number_of_body_};
        constexpr std::array<std::size_t, 4> paddings{0, 10, 300, 9000};
        std::string text(sizeof mine + paddings[choice / 64], '.');
        std::memcpy(text.data(), &mine, sizeof mine);
        m.push_back(text);
        return m;
    }

    socket_type type_;
    std::uint32_t number_;
    socket socket_;
    std::uint64_t sent_ = 0;
    std::uint64_t number_of_body_ = 0;
    std::uint64_t received_ = 0;
    std::uint64_t started_ = 0;
    std::uint64_t ended_ = 0;
    std::uint64_t cancelled_ = 0;
    std::set<std::uint64_t> withdrawn_;
    std::deque<message> completed_;
    std::string last_id_{"A"};
};

class history {
public:
    explicit history(std::span<const std::uint8_t> script)
        : script_{script}, world_{static_cast<std::uint32_t>(script_.octet())} {
        family_ = script_.octet() % families.size();
        players_.resize(2 + script_.octet() % 3);
        for (std::size_t i = 0; i < players_.size(); ++i)
            replace(i);
        players_[0]->at().bind("x");
        for (std::size_t i = 1; i < players_.size(); ++i)
            players_[i]->at().connect("x");
        world_.advance(milliseconds{30});
    }
    played run() {
        while (!script_.empty())
            step();
        for (int round = 0; round < 20; ++round) { // what is on its way
            world_.advance(milliseconds{20});
            for (std::size_t i = 0; i < players_.size(); ++i)
                receive_all(i);
        }
        for (std::size_t i = 0; i < players_.size(); ++i)
            retire(i);
        return total_;
    }

private:
    void replace(std::size_t i) {
        retire(i);
        const auto& types = families[family_];
        players_[i] = std::make_unique<player>(world_, types[(i + script_.octet()) % types.size()],
                                               ++last_number_, script_);
        seen_[i].clear();
    }
    void retire(std::size_t i) {
        if (!players_[i])
            return;
        take_completed(i);
        players_[i]->finish();
        take_completed(i);
        const auto& stats = players_[i]->at().core().stats;
        total_.waited += players_[i]->started();
        total_.cancelled += players_[i]->cancelled();
        total_.sent += players_[i]->sent();
        total_.received += players_[i]->received();
        total_.connections += stats.connections;
        total_.disconnects += stats.disconnects;
        players_[i].reset();
    }
    void step() {
        const std::size_t what = script_.octet();
        const std::size_t i = what / 16 % players_.size();
        player& who = *players_[i];
        const std::size_t choice = script_.octet();
        const std::string name(1, static_cast<char>('x' + choice % 3));
        switch (what % 16) {
        case 0: who.at().bind(name); break;
        case 1: who.at().unbind(name); break;
        case 2:
        case 3: who.at().connect(name); break;
        case 4: who.at().disconnect(name); break;
        case 5:
        case 6:
        case 7:
            for (std::size_t count = 0; count <= choice % 8; ++count)
                who.send(choice);
            break;
        case 8: receive_one(i); break;
        case 9: receive_all(i); break;
        case 10: who.subscribe(choice); break;
        case 11: who.at().lose_one(); break;
        case 12: choice % 4 == 0 ? who.at().close() : who.at().pump(); break;
        case 13: do_more(i, choice); break;
        case 14: world_.advance(milliseconds{choice}); break;
        default: world_.advance(milliseconds{1 + choice % 4}); break;
        }
        for (std::size_t each = 0; each < players_.size(); ++each) {
            take_completed(each);
            players_[each]->check();
        }
    }
    void do_more(std::size_t i, std::size_t choice) {
        player& who = *players_[i];
        switch (choice % 8) {
        case 0: replace(i); break;
        case 1:
        case 2: who.start_send(choice); break;
        case 3:
        case 4: who.start_receive(); break;
        case 5:
        case 6: who.cancel(choice / 8); break;
        default: who.subscribe(choice); break;
        }
    }
    void take_completed(std::size_t i) {
        for (const message& m : players_[i]->take_completed())
            if (const auto got = players_[i]->body_of(m))
                judge(i, got->first, got->second);
    }
    bool receive_one(std::size_t i) {
        take_completed(i);
        const auto before = players_[i]->received();
        if (const auto got = players_[i]->receive())
            judge(i, got->first, got->second);
        return players_[i]->received() != before;
    }
    void receive_all(std::size_t i) {
        while (receive_one(i)) {
        }
    }
    void judge(std::size_t i, peer_id peer, const body& got) {
        must(got.sender >= 1 && got.sender <= last_number_, "what is received was sent");
        std::uint64_t& newest = seen_[i][{peer, got.sender}];
        for (const auto& each : players_)
            must(each == nullptr || each->number() != got.sender || !each->withdrew(got.number),
                 "what was given back is not received");
        must(got.number > newest, "messages come once, and in their order, over a connection");
        newest = got.number;
        const bool to_one = families[family_][0] != socket_type::pub;
        if (to_one)
            must(delivered_.insert({got.sender, got.number}).second,
                 "a message for one peer is received once");
    }

    script_reader script_;
    world world_;
    std::size_t family_ = 0;
    std::vector<std::unique_ptr<player>> players_;
    std::uint32_t last_number_ = 0;
    std::array<std::map<std::pair<peer_id, std::uint32_t>, std::uint64_t>, 4> seen_;
    std::set<std::pair<std::uint32_t, std::uint64_t>> delivered_;
    played total_;
};

} // namespace

played play(std::span<const std::uint8_t> script) { return history{script}.run(); }

} // namespace mizzen::sim
