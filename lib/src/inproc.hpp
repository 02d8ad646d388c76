// Pipes between sockets of one process, and the names by which they find each other.
#pragma once

#include "doorbell.hpp"
#include "mail_bag.hpp"
#include <mizzen/zmtp/socket_type.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>

namespace mizzen::detail {

enum class pipe_end : std::uint8_t { connector, listener };

/// What an end says of itself, once.
struct pipe_identity {
    zmtp::socket_type type{};
    std::string routing_id;
    std::shared_ptr<doorbell> bell; // null once there is nobody to call
    peer_id key = 0;                // of the session there
    peer_id peer = 0;               // what the session calls this connection
};

/// Carries messages both ways, each way by a box that is filled and emptied whole: what costs time
/// is done once a batch.
///
/// Threads  Each end by its own.
class inproc_pipe {
public:
    explicit inproc_pipe(pipe_identity connector);

    /// What the connector said.
    [[nodiscard]] const pipe_identity& connector() const noexcept { return connector_.who; }
    /// The listener's answer, which lets the connector begin.
    void accept(pipe_identity listener);
    /// The answer, once it was given.
    [[nodiscard]] std::optional<pipe_identity> accepted();

    /// How much a box may hold; 0 messages is no limit.
    struct room {
        std::size_t messages;
        std::size_t octets;
    };
    /// Puts all of `out` into the other end's box, if it has room for that or is empty. False
    /// otherwise: the bell rings once the box is empty.
    bool put(pipe_end from, mail_bag& out, const room& most);
    /// Takes what is in the box of that end; `in` is empty. At most `most` messages, 0 is no limit.
    /// Returns whether there is more.
    bool take(pipe_end at, mail_bag& in, std::size_t most);
    /// No more is put, and nothing taken, at this end. Says why to the other.
    void close(pipe_end by, std::error_code why);
    /// Whether the other end has closed; what it put can still be taken.
    [[nodiscard]] bool closed(pipe_end other, std::error_code& why);

private:
    struct side {
        pipe_identity who;
        mail_bag box; // for this side to take
        bool open = true;
        bool waits = false; // for the other side's box to be empty
    };
    [[nodiscard]] side& at(pipe_end which) noexcept {
        return which == pipe_end::connector ? connector_ : listener_;
    }
    [[nodiscard]] side& opposite(pipe_end which) noexcept {
        return which == pipe_end::connector ? listener_ : connector_;
    }
    static void call(const std::shared_ptr<doorbell>& bell, peer_id key);

    std::mutex guard_;
    side connector_;
    side listener_;
    bool accepted_ = false;
    std::error_code why_;
};

/// The inproc names of one context. Threads: any.
class inproc_names {
public:
    using time_point = std::chrono::steady_clock::time_point;

    /// Errors: address_in_use.
    void bind(const std::string& name, std::shared_ptr<doorbell> listener, std::error_code& ec);
    void unbind(const std::string& name, const doorbell& listener);
    /// The pipe goes to whoever bound the name, or will.
    void connect(const std::string& name, std::shared_ptr<inproc_pipe> pipe);
    /// The connector has left. What it put is kept for whoever binds the name until then.
    void leave(const std::string& name, const inproc_pipe& pipe, std::optional<time_point> until);

private:
    struct waiting {
        std::shared_ptr<inproc_pipe> pipe;
        std::optional<time_point> until;
        bool left = false;
    };
    std::mutex guard_;
    std::map<std::string, std::shared_ptr<doorbell>, std::less<>> listeners_;
    std::multimap<std::string, waiting, std::less<>> waiting_;
};

} // namespace mizzen::detail
