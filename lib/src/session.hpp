// One peer of a socket: its connection while there is one, and its two queues.
#pragma once

#include "admission.hpp"
#include "inproc.hpp"
#include "mail_bag.hpp"
#include "message_ring.hpp"
#include <mizzen/stats.hpp>
#include <mizzen/zmtp/connection.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

namespace mizzen::detail {

using std::chrono::milliseconds;
using zmtp::time_point;

struct session;
struct security_policy;

/// A place in a circular list of sessions.
struct session_hook {
    session* next = nullptr;
    session* previous = nullptr;
    [[nodiscard]] bool linked() const noexcept { return next != nullptr; }
};

using deadline_map = std::multimap<time_point, session*>;

/// Where a session is in its life. One that was accepted starts with a transport and ends without;
/// one that connects goes round.
enum class session_phase : std::uint8_t {
    waiting,     ///< For its next attempt to connect (or for ever, when given up).
    connecting,  ///< The shell is at it.
    handshaking, ///< The transport is open.
    attached,    ///< The handshake is done: the peer takes part in routing.
    ended,       ///< Nothing more comes; what was received may still be read.
};

struct session {
    peer_id key = 0;  // of the session itself; never changes
    peer_id peer = 0; // of the connection; a new one each time
    bool connects = false;
    bool given_up = false;   // the peer refused for good
    bool paused = false;     // the receive queue was full; the stream is left alone
    bool held = false;       // the program wants nothing of it for now
    bool undecoded = false;  // octets (or mail) have come that were not looked at yet
    bool hung_up = false;    // the pipe's other end has closed
    bool dirty = false;      // is on the list of those with output to write
    bool out_full = false;   // reached the send mark and is not half empty again yet
    bool out_missed = false; // a message to this peer found no room since
    bool removed = false;    // disconnect() was called: ends when its output is written
    bool streaming = false;  // messages go past `out`, into the connection or `post`
    bool id_given = false;   // routing_id was chosen by this end
    session_phase phase = session_phase::waiting;

    std::shared_ptr<const security_policy> policy; // never null
    std::shared_ptr<const zmtp::config> config;    // outlives link
    std::unique_ptr<admission> asked;              // once somebody was asked whether it may come
    std::unique_ptr<zmtp::connection> link;
    std::shared_ptr<inproc_pipe> pipe; // in place of a link, from its first attempt on
    pipe_end end = pipe_end::connector;
    peer_id peer_there = 0; // what the other end of the pipe calls this connection
    mail_bag mail;          // taken from the pipe and not looked at yet
    mail_bag post;          // to be put into it
    message_ring in;
    message_ring out;
    std::size_t in_octets = 0;
    std::size_t out_octets = 0;
    std::size_t streamed = 0; // messages that went so, and are not all written or handed over
    std::size_t streamed_octets = 0;
    traffic_stats traffic;       // of the connection, and of what was queued before it was there
    std::size_t left_behind = 0; // octets, once ended
    session_hook readable;       // linked while `in` has something
    session_hook sendable;       // linked while round robin may pick it

    std::uint64_t publication = 0;                   // the last that went to it
    std::string announced_id;                        // over inproc: what the peer calls itself
    std::optional<zmtp::socket_type> announced_type; // likewise
    std::string routing_id;                          // a ROUTER's name for it; empty until attached
    std::string endpoint;                            // connected to, or accepted by
    std::string address;                             // the peer's, while there is a connection
    std::shared_ptr<const peer_identity> identity;   // once somebody wants to know, while attached
    time_point since;                                // it is attached
    std::error_code why; // it lost its connection; none when this end closed it

    milliseconds backoff{0}; // the next pause; 0 means the first
    std::optional<time_point> retry_at;
    std::optional<time_point> end_at;
    std::optional<deadline_map::iterator> alarm;

    std::shared_ptr<void> transport; // the shell's
};

/// The sessions that take turns. All operations take constant time.
template <session_hook session::* Hook> class session_circle {
public:
    [[nodiscard]] bool empty() const noexcept { return at_ == nullptr; }
    [[nodiscard]] session* current() const noexcept { return at_; }
    void advance() noexcept { at_ = (at_->*Hook).next; }
    /// Puts a session where its turn comes last.
    void add(session& s) noexcept {
        session_hook& hook = s.*Hook;
        if (hook.linked())
            return;
        if (at_ == nullptr) {
            hook.next = hook.previous = at_ = &s;
            return;
        }
        session_hook& mark = at_->*Hook;
        hook.next = at_;
        hook.previous = mark.previous;
        (mark.previous->*Hook).next = &s;
        mark.previous = &s;
    }
    void remove(session& s) noexcept {
        session_hook& hook = s.*Hook;
        if (!hook.linked())
            return;
        if (hook.next == &s) {
            at_ = nullptr;
        } else {
            (hook.previous->*Hook).next = hook.next;
            (hook.next->*Hook).previous = hook.previous;
            if (at_ == &s)
                at_ = hook.next;
        }
        hook = {};
    }

private:
    session* at_ = nullptr;
};

} // namespace mizzen::detail
