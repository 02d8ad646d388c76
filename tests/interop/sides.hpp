// Our sockets and libzmq's behind the same names, so that one script runs with either on either
// side.
#pragma once

#include "../unit/loop.hpp"
#include "content.hpp"
#include "libzmq_peer.hpp"
#include <mizzen/sub.hpp>
#include <mizzen/xpub.hpp>
#include <mizzen/xsub.hpp>

#include <doctest/doctest.h>
#include <zmq.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace mizzen::testing {

/// Subscriptions as an XSUB sends and an XPUB receives them.
inline std::string wants(std::string_view topic) { return "\1" + std::string{topic}; }
inline std::string no_more(std::string_view topic) {
    return std::string(1, '\0') + std::string{topic};
}

template <class Socket> class our_side {
public:
    static constexpr bool reports = std::is_same_v<Socket, xpub>;

    our_side(loop& run, zmq_context&) : socket{run.io} {}
    std::string bind() { return socket.bind("tcp://127.0.0.1:*"); }
    void connect(const std::string& endpoint) { socket.connect(endpoint); }
    bool try_send(const parts& sent) {
        message m = as_message(sent);
        return socket.try_send(m);
    }
    bool try_receive(parts& got) {
        message m;
        if (!socket.try_receive(m))
            return false;
        got = as_parts(m);
        return true;
    }
    void subscribe(const std::string& topic) {
        if constexpr (std::is_same_v<Socket, xsub>)
            REQUIRE(try_send({wants(topic)}));
        else
            socket.subscribe(topic);
    }
    void unsubscribe(const std::string& topic) {
        if constexpr (std::is_same_v<Socket, xsub>)
            REQUIRE(try_send({no_more(topic)}));
        else
            socket.unsubscribe(topic);
    }

    Socket socket;
};

template <int Type> class their_side {
public:
    static constexpr bool reports = Type == ZMQ_XPUB;

    their_side(loop&, zmq_context& context) : socket{context, Type} {}
    std::string bind() { return socket.bind(); }
    void connect(const std::string& endpoint) { socket.connect(endpoint); }
    bool try_send(const parts& sent) { return socket.send(sent, ZMQ_DONTWAIT); }
    bool try_receive(parts& got) { return socket.receive(got, ZMQ_DONTWAIT); }
    void subscribe(const std::string& topic) {
        if constexpr (Type == ZMQ_XSUB)
            REQUIRE(try_send({wants(topic)}));
        else
            socket.set(ZMQ_SUBSCRIBE, topic);
    }
    void unsubscribe(const std::string& topic) {
        if constexpr (Type == ZMQ_XSUB)
            REQUIRE(try_send({no_more(topic)}));
        else
            socket.set(ZMQ_UNSUBSCRIBE, topic);
    }

    zmq_peer socket;
};

/// A publisher and its only subscriber.
template <class Pub, class Sub> class channel {
public:
    channel(loop& run, Pub& pub, Sub& sub) : run_{run}, pub_{pub}, sub_{sub} {}

    void subscribe(const std::string& topic) {
        sub_.subscribe(topic);
        everything_ = everything_ || topic.empty();
    }
    void unsubscribe(const std::string& topic) {
        sub_.unsubscribe(topic);
        everything_ = everything_ && !topic.empty();
    }
    /// What the subscriber receives of these, once all it asked for has reached the publisher.
    std::vector<parts> heard(const std::vector<parts>& published) {
        settle();
        std::vector<parts> all;
        REQUIRE(publish(published, all));
        return all;
    }
    /// What an XPUB was told since the last call, up to the last of what was heard.
    std::vector<std::string> reports() { return std::exchange(told_, {}); }

private:
    static constexpr const char* unmarked = "nobody asks for this";

    bool publish(const std::vector<parts>& published, std::vector<parts>& all) {
        all.clear();
        for (const parts& each : published)
            REQUIRE(run_.until([&] { return pub_.try_send(each); }));
        const parts end{mark_, "end"};
        REQUIRE(run_.until([&] { return pub_.try_send(end); }));
        return run_.until(
            [&] {
                for (parts got; sub_.try_receive(got); got = {}) {
                    if (got == end)
                        return true;
                    if (got.front() != mark_ && got.front() != unmarked)
                        all.push_back(std::move(got));
                }
                return false;
            },
            10s);
    }

    // What our SUB has received and kept from its program, as it had cancelled the topic.
    std::uint64_t filtered_out() const {
        if constexpr (requires { sub_.socket.stats(); })
            return sub_.socket.stats().dropped_unwanted;
        return 0;
    }

    // A topic asked for last shows that all before it has arrived: an XPUB is told of it, and a
    // PUB's subscriber receives it without what only the empty topic would have brought. The latter
    // takes care: libzmq's PUB looks at what was asked of it in its own calls, and there not more
    // than once in a millisecond or so, so that a cancelled topic may go on for several steps.
    void settle() {
        mark_ = "mark " + std::to_string(++marks_) + ".";
        sub_.subscribe(mark_);
        if constexpr (Pub::reports) {
            REQUIRE(run_.until([&] {
                parts got;
                CHECK_FALSE(sub_.try_receive(got)); // libzmq works while it is called only
                while (pub_.try_receive(got)) {
                    if (got == parts{wants(mark_)})
                        return true;
                    told_.push_back(got.front());
                }
                return false;
            }));
        } else {
            std::uint64_t marks = 0;
            std::uint64_t others = 0;
            const std::uint64_t filtered = filtered_out();
            REQUIRE(run_.until([&] {
                static_cast<void>(pub_.try_send({unmarked}));
                static_cast<void>(pub_.try_send({mark_}));
                for (parts got; sub_.try_receive(got);)
                    ++(got.front() == mark_ ? marks : others);
                return marks > (everything_ ? 0 : others + filtered_out() - filtered);
            }));
        }
    }

    loop& run_;
    Pub& pub_;
    Sub& sub_;
    bool everything_ = false;
    int marks_ = 0;
    std::string mark_;
    std::vector<std::string> told_;
};

} // namespace mizzen::testing
