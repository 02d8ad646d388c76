// Carries messages between a socket, stdin and stdout.
#pragma once

#include "message_text.hpp"
#include "raw_socket.hpp"
#include "standard_streams.hpp"
#include <mizzen/connection_event.hpp>
#include <mizzen/message.hpp>
#include <mizzen/monitor.hpp>
#include <mizzen/zmtp/socket_type.hpp>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace mizzen::cli {

struct conversation_options {
    std::string name; ///< The sub-command's.
    zmtp::socket_type type = zmtp::socket_type::pair;
    message_form form = message_form::lines;
    bool echo = false;       ///< What comes is sent back, and stdin is not read.
    std::uint64_t count = 0; ///< Messages; 0 is no limit.
    int interval_ms = 0;
    int timeout_ms = 0; ///< 0 is none.
    int wait = 0;       ///< Peers, or a publisher's subscribers, before the first message.
    bool verbose = false;
    std::vector<std::string> topics;
};

/// One socket's conversation, from its first endpoint to its end.
///
/// Nothing is read of stdin that cannot be sent, and nothing received that cannot be printed.
class conversation {
public:
    conversation(asio::io_context& io, const conversation_options& options,
                 const socket_options& socket);

    /// Opens the endpoints and goes on until the end. Gives the exit status.
    int run();

private:
    using clock = std::chrono::steady_clock;
    enum class turns : std::uint8_t { free, asks, answers };
    enum class counts : std::uint8_t { sent, received };

    void pump();
    void fetch();
    void take_line(std::string_view line);
    bool receive_next();
    bool send_next();
    void sent();
    void not_sent(std::error_code ec);
    void counted(counts what);
    void note_subscriber(const mizzen::message& m);
    bool enough_peers();

    [[nodiscard]] bool may_receive() const;
    [[nodiscard]] bool may_send() const;
    [[nodiscard]] bool at_end() const;
    [[nodiscard]] bool waits_for_peers() const;
    [[nodiscard]] bool owes_something() const;

    void wait_for_more();
    void arm_timer();
    void flush_output();
    void output_failed(std::error_code ec);
    void give_up_waiting();

    void watch_connections();
    void handle(const connection_event& event);
    void watch_signals();
    void watch_stdout();

    void finish(int status);
    void stop_when_done();
    void say(std::string_view text) const;

    asio::io_context& io_;
    conversation_options options_;
    socket_options socket_options_;
    turns turns_;
    counts counts_;
    bool receives_;
    bool prints_;
    bool reads_;

    std::unique_ptr<raw_socket> socket_;
    mizzen::monitor connections_;
    asio::signal_set signals_;
    asio::steady_timer timer_; // of --interval and --timeout, and then of --linger
    line_input input_;
    text_output output_;
    message_parser parser_;

    std::optional<mizzen::message> next_; // to send
    std::size_t next_line_ = 0;           // where it ended; 0 when it came from a peer
    std::set<peer_id> subscribers_;
    std::set<std::string> trying_; // endpoints to connect to that have not refused
    std::optional<clock::time_point> waiting_since_;
    std::optional<clock::time_point> armed_for_;
    clock::time_point next_send_{};
    std::uint64_t counted_ = 0;
    bool sending_ = false;  // the socket has the message, and no room for it yet
    bool awaiting_ = false; // the answer to a request sent
    bool owing_ = false;    // the answer to a request received
    bool complete_ = false; // as many as were wanted
    bool input_ended_ = false;
    bool bad_line_ = false;
    bool enough_peers_ = false;
    bool input_watched_ = false;
    bool output_watched_ = false;
    bool socket_watched_ = false;
    bool over_ = false;
    bool socket_ended_ = false;
    int status_ = 0;
};

} // namespace mizzen::cli
