// What a socket's command does next: as much as it can at a time, then one wait for whatever may
// let it go on.
#include "conversation.hpp"

#include "commands.hpp"
#include "console.hpp"
#include <mizzen/error.hpp>

#include <asio/post.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

namespace mizzen::cli {
namespace {

using std::chrono::milliseconds;
using zmtp::socket_type;

// In a turn of the loop, so that what connections have to do is not kept waiting.
constexpr int most_at_a_time = 256;
constexpr milliseconds signal_linger{1000};

bool receives(socket_type type) { return type != socket_type::push && type != socket_type::pub; }
bool sends(socket_type type) { return type != socket_type::pull && type != socket_type::sub; }
bool publishes(socket_type type) { return type == socket_type::pub || type == socket_type::xpub; }

// A PUB does not say when it has subscribers; an XPUB, which is the same to them, does.
socket_type type_to_make(const conversation_options& options) {
    const bool has_to_know = options.type == socket_type::pub && options.wait > 0;
    return has_to_know ? socket_type::xpub : options.type;
}

} // namespace

conversation::conversation(asio::io_context& io, const conversation_options& options,
                           const socket_options& socket)
    : io_{io}, options_{options}, socket_options_{socket},
      turns_{options.type == socket_type::req   ? turns::asks
             : options.type == socket_type::rep ? turns::answers
                                                : turns::free},
      counts_{options.echo || publishes(options.type) || options.type == socket_type::push ||
                      options.type == socket_type::rep
                  ? counts::sent
                  : counts::received},
      receives_{receives(type_to_make(options))}, prints_{receives(options.type)},
      reads_{sends(options.type) && !options.echo},
      socket_{make_raw_socket(io, type_to_make(options), socket)}, connections_{socket_->base()},
      signals_{io, SIGINT, SIGTERM}, timer_{io}, input_{io}, output_{io}, parser_{options.form} {
    if (!socket.bind)
        trying_.insert(socket.endpoints.begin(), socket.endpoints.end());
    enough_peers_ = options.wait == 0;
}

int conversation::run() {
    // Before the first line, which tells whoever started this that it can be stopped.
    watch_signals();
    watch_connections();
    for (const std::string& topic : options_.topics)
        socket_->subscribe(topic);
    const int trouble =
        open_endpoints(*socket_, options_.name, socket_options_, [this](const std::string& bound) {
            output_.text() += "listening " + bound + '\n';
        });
    if (trouble != done)
        return trouble;
    if (prints_)
        watch_stdout();
    pump();
    io_.run();
    return status_;
}

// --- Messages ---

void conversation::pump() {
    if (over_)
        return;
    bool moved = true;
    for (int i = 0; i < most_at_a_time && moved; ++i) {
        fetch();
        moved = !over_ && receive_next();
        moved = (!over_ && send_next()) || moved;
    }
    if (!over_)
        flush_output();
    if (!over_ && at_end())
        finish(done);
    if (over_)
        return;
    if (moved)
        asio::post(io_, [this] { pump(); });
    wait_for_more();
    arm_timer();
}

// The next message of stdin, if it can be had without waiting.
void conversation::fetch() {
    while (reads_ && !next_ && !sending_ && !input_ended_ && !complete_) {
        std::string_view line;
        std::error_code ec;
        switch (input_.next(line, ec)) {
        case line_input::result::line: take_line(line); break;
        case line_input::result::blocked: return;
        case line_input::result::failed:
            say(ec == std::errc::message_size
                    ? "line " + std::to_string(input_.number() + 1) + ": longer than 64 MiB"
                    : "cannot read stdin: " + ec.message());
            return finish(failed);
        case line_input::result::end:
            input_ended_ = true;
            if (mizzen::message m; parser_.end(m) == message_parser::result::message) {
                next_ = std::move(m);
                next_line_ = input_.number();
            }
        }
        if (parser_.kept() > line_input::longest_line) {
            say("line " + std::to_string(input_.number()) + ": the message is longer than 64 MiB");
            return finish(failed);
        }
    }
}

void conversation::take_line(std::string_view line) {
    mizzen::message m;
    std::string trouble;
    switch (parser_.take(line, m, trouble)) {
    case message_parser::result::message:
        next_ = std::move(m);
        next_line_ = input_.number();
        break;
    case message_parser::result::more: break;
    case message_parser::result::bad:
        bad_line_ = true;
        say("line " + std::to_string(input_.number()) + ": " + trouble);
    }
}

bool conversation::may_receive() const {
    if (!receives_ || complete_ || output_.full() || (options_.echo && (next_ || sending_)))
        return false;
    return turns_ == turns::asks ? awaiting_ : turns_ == turns::answers ? !owing_ : true;
}

bool conversation::receive_next() {
    mizzen::message m;
    if (!may_receive() || !socket_->try_receive(m))
        return false;
    waiting_since_.reset();
    if (prints_)
        append_message(output_.text(), m, options_.form);
    if (publishes(options_.type))
        note_subscriber(m);
    awaiting_ = false;
    owing_ = turns_ == turns::answers;
    if (options_.echo) {
        next_ = std::move(m);
        next_line_ = 0;
    }
    counted(counts::received);
    return true;
}

bool conversation::may_send() const {
    if (!next_ || sending_ || complete_ || !enough_peers_)
        return false;
    return turns_ == turns::asks ? !awaiting_ : turns_ == turns::answers ? owing_ : true;
}

bool conversation::send_next() {
    if (!next_ || !may_send() || (options_.interval_ms != 0 && clock::now() < next_send_))
        return false;
    std::error_code ec;
    if (socket_->try_send(*next_, ec)) {
        sent();
    } else if (ec == errc::would_block) {
        sending_ = true;
        socket_->send(std::move(*next_), [this](std::error_code why) {
            sending_ = false;
            if (over_)
                return;
            why ? not_sent(why) : sent();
            pump();
        });
        next_.reset();
        return false;
    } else {
        not_sent(ec);
    }
    return true;
}

void conversation::sent() {
    next_.reset();
    waiting_since_.reset();
    awaiting_ = turns_ == turns::asks;
    owing_ = false;
    if (options_.interval_ms != 0)
        next_send_ = clock::now() + milliseconds{options_.interval_ms};
    counted(counts::sent);
}

// Only a ROUTER gets here. A peer that has gone before its echo is nobody's mistake.
void conversation::not_sent(std::error_code ec) {
    next_.reset();
    if (next_line_ == 0)
        return;
    bad_line_ = true;
    say("line " + std::to_string(next_line_) + ": " + ec.message());
}

void conversation::counted(counts what) {
    if (what == counts_ && ++counted_ == options_.count)
        complete_ = true;
}

void conversation::note_subscriber(const mizzen::message& m) {
    if (!enough_peers_ && !m.front().empty() && m.front()[0] == std::byte{1}) {
        subscribers_.insert(m.peer());
        enough_peers_ = enough_peers();
    }
}

bool conversation::enough_peers() {
    const std::size_t there =
        publishes(options_.type) ? subscribers_.size() : socket_->base().peers().size();
    return there >= static_cast<std::size_t>(options_.wait);
}

// --- When to wait, and when to end ---

bool conversation::at_end() const {
    if (complete_)
        return true;
    if (!reads_ || !input_ended_ || next_ || sending_)
        return false;
    if (turns_ == turns::asks)
        return !awaiting_;
    const bool more_to_come = prints_ && (options_.timeout_ms != 0 ||
                                          (options_.count != 0 && counts_ == counts::received));
    return turns_ == turns::answers || !more_to_come;
}

// Whether it is the peers' turn to do something.
bool conversation::waits_for_peers() const {
    if (output_.full())
        return false;
    if (sending_ || (next_ && !enough_peers_) || !reads_)
        return true;
    return turns_ == turns::asks      ? awaiting_
           : turns_ == turns::answers ? !owing_
                                      : input_ended_ && !next_;
}

bool conversation::owes_something() const {
    return awaiting_ || next_ || sending_ || (options_.count != 0 && !complete_);
}

void conversation::wait_for_more() {
    if (may_receive() && !std::exchange(socket_watched_, true))
        socket_->wait_receive([this](std::error_code) {
            socket_watched_ = false;
            pump();
        });
    const bool wants_line = reads_ && !next_ && !sending_ && !input_ended_;
    if (wants_line && !std::exchange(input_watched_, true))
        input_.async_wait([this](std::error_code) {
            input_watched_ = false;
            pump();
        });
}

// One timer for both: an early call only looks again.
void conversation::arm_timer() {
    std::optional<clock::time_point> due;
    if (options_.timeout_ms != 0) {
        if (!waits_for_peers())
            waiting_since_.reset();
        else if (!waiting_since_)
            waiting_since_ = clock::now();
        if (waiting_since_)
            due = *waiting_since_ + milliseconds{options_.timeout_ms};
    }
    if (options_.interval_ms != 0 && may_send())
        due = due ? std::min(*due, next_send_) : next_send_;
    if (!due || (armed_for_ && *armed_for_ <= *due))
        return;
    armed_for_ = due;
    timer_.expires_at(*due);
    timer_.async_wait([this](std::error_code ec) {
        if (ec || over_)
            return;
        armed_for_.reset();
        if (waiting_since_ && clock::now() >= *waiting_since_ + milliseconds{options_.timeout_ms})
            give_up_waiting();
        else
            pump();
    });
}

void conversation::give_up_waiting() {
    const bool just_the_end = reads_ && turns_ == turns::free && input_ended_ && !next_ &&
                              !sending_ && options_.count == 0;
    if (just_the_end)
        return finish(done);
    const std::string time = " within " + std::to_string(options_.timeout_ms) + " ms";
    if (next_ && !enough_peers_)
        say((publishes(options_.type) ? "not enough subscribers" : "not enough peers") + time);
    else
        say((sending_ ? "nobody took the message" : "nothing came") + time);
    finish(failed);
}

// --- stdout ---

void conversation::flush_output() {
    std::error_code ec;
    if (!output_.flush(ec))
        return output_failed(ec);
    if (!output_.empty() && !std::exchange(output_watched_, true))
        output_.async_wait([this](std::error_code) {
            output_watched_ = false;
            if (!over_)
                return pump();
            flush_output();
            stop_when_done();
        });
}

// Nobody who reads is no failure: whoever did has had enough.
void conversation::output_failed(std::error_code ec) {
    output_.drop();
    if (ec == std::errc::broken_pipe)
        return prints_ ? finish(done) : void();
    say("cannot write to stdout: " + ec.message());
    finish(failed);
    status_ = failed;
}

void conversation::watch_stdout() {
    output_.async_wait_closed([this](std::error_code ec) {
        if (!ec && !over_)
            output_failed(std::make_error_code(std::errc::broken_pipe));
    });
}

// --- Connections and signals ---

void conversation::watch_connections() {
    connections_.async_receive_event([this](std::error_code ec, const connection_event& event) {
        if (ec) {
            socket_ended_ = true;
            return stop_when_done();
        }
        handle(event);
        watch_connections();
    });
}

void conversation::handle(const connection_event& event) {
    const bool refused = event.kind == event_kind::ended && event.reason;
    const bool failed_secured =
        event.kind == event_kind::handshake_failed && socket_options_.security.given();
    if (options_.verbose || refused || failed_secured) {
        std::string text{name_of(event.kind)};
        text += ' ' + event.endpoint;
        if (!event.peer.address.empty())
            text += " peer " + event.peer.address;
        if (event.reason)
            text += ": " + event.reason.message();
        if (!event.detail.empty())
            text += ": " + event.detail;
        if (!event.refusal.empty())
            text += ": " + event.refusal;
        say(text);
    }
    if (over_)
        return;
    if (event.kind == event_kind::handshake_succeeded && !enough_peers_) {
        enough_peers_ = enough_peers();
        pump();
    }
    if (refused && trying_.erase(event.endpoint) != 0 && trying_.empty())
        finish(failed);
}

void conversation::watch_signals() {
    signals_.async_wait([this](std::error_code ec, int) {
        if (ec)
            return;
        if (over_) {
            status_ = failed;
            return io_.stop();
        }
        if (owes_something())
            say("interrupted");
        const int limit = static_cast<int>(signal_linger.count());
        int& linger = socket_options_.linger_ms;
        linger = linger < 0 ? limit : std::min(linger, limit);
        finish(owes_something() ? failed : done);
        output_.drop(); // whoever reads may be stopped as well
        watch_signals();
    });
}

// --- The end ---

// What was sent goes on its way, and what was received is printed; then the loop ends.
void conversation::finish(int status) {
    if (std::exchange(over_, true))
        return;
    status_ = bad_line_ ? failed : status;
    flush_output();
    socket_->base().close();
    timer_.cancel();
    if (socket_options_.linger_ms <= 0)
        return;
    timer_.expires_after(milliseconds{socket_options_.linger_ms});
    timer_.async_wait([this](std::error_code ec) {
        if (ec || socket_ended_)
            return;
        say("peers did not take everything within " + std::to_string(socket_options_.linger_ms) +
            " ms");
        status_ = failed;
        io_.stop();
    });
}

void conversation::stop_when_done() {
    if (over_ && socket_ended_ && output_.empty())
        io_.stop();
}

void conversation::say(std::string_view text) const { log(options_.name, text); }

} // namespace mizzen::cli
