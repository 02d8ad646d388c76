// A connection whose every answer is looked at: what holds of all of them is in here.
#pragma once

#include "memory.hpp"
#include "must.hpp"
#include "output_reader.hpp"
#include "settings.hpp"
#include <mizzen/zmtp/connection.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <system_error>

namespace mizzen::fuzz {

using zmtp::connection;
using zmtp::errc;
using zmtp::event;
using zmtp::message;
using zmtp::milliseconds;
using zmtp::time_point;

/// Does nothing with what happens; targets that do derive from it.
struct listener {
    void on_handshake(const connection&) noexcept {}
    void on_message(const message&) noexcept {}
    void on_topic(bool /*subscribed*/, octets /*topic*/) noexcept {}
};

template <class Listener> class watched_connection {
public:
    watched_connection(const settings& s, watched_memory& memory, Listener& listener) noexcept
        : settings_{&s}, memory_{&memory}, listener_{&listener}, output_{s},
          link_{s.side, s.cfg, now_} {
        allow();
        mark();
        drain();
    }

    // --- What happens to it ---

    /// Octets arrive; next_event is called after each read, or later.
    void hear(octets data, bool drain_at_once = true) noexcept {
        while (!data.empty() && link_.is_open()) {
            std::size_t size = 0;
            for (const std::span<std::byte> room : link_.prepare()) {
                must(!room.empty(), "room for octets is not empty");
                const std::size_t take = std::min(room.size(), data.size());
                std::copy_n(data.begin(), take, room.begin());
                data = data.subspan(take);
                size += take;
            }
            if (size == 0 && link_.is_open()) {
                must(asked_ || !drained_, "there is room unless something is waited for");
                let_go_on();
                continue;
            }
            received_ += size;
            allow();
            link_.commit(size, now_);
            drained_ = false;
            if (drain_at_once)
                drain();
        }
    }
    void end_of_stream() noexcept {
        link_.end_of_stream();
        drain();
    }
    void pass(milliseconds time) noexcept {
        now_ += time;
        const auto due = link_.deadline();
        const bool open = link_.is_open();
        link_.handle_timeout(now_);
        const auto next = link_.deadline();
        must(!next || *next > now_, "no deadline stands once it has been met");
        must(link_.is_open() == open || (due && *due <= now_) || memory_->refused(),
             "a connection times out no sooner than it said");
        drain();
    }
    void answer_if_asked() noexcept {
        if (asked_)
            answer();
    }
    /// Answers a question, which may not be open.
    void answer() noexcept {
        std::error_code ec;
        if (!asked_) {
            link_.authenticate(verdict::accepted, now_, ec);
            must(ec == errc::no_question, "there is no answer without a question");
            return;
        }
        const verdict given = judge(*settings_, link_.credentials());
        asked_ = false;
        link_.authenticate(given, now_, ec);
        must(!ec, "a question can be answered");
        must(link_.credentials().empty(), "credentials are forgotten once they are judged");
        drain();
        must(given == verdict::accepted || !link_.is_open(), "who is not accepted is not let in");
    }
    void send(octets part, std::size_t parts) noexcept {
        message m;
        for (std::size_t i = 0; i < parts; ++i)
            if (!m.try_push_back(part, link_.memory()))
                return;
        const bool can = link_.can_send();
        sent_octets_ += 2 * m.encoded_size();
        allow();
        std::error_code ec;
        link_.send(std::move(m), ec);
        if (parts == 0 || !can) {
            must(ec == (parts == 0 ? errc::empty_message : errc::not_ready),
                 "a message that cannot be sent is not sent");
            // NOLINTNEXTLINE(bugprone-use-after-move): that is what is held
            must(m.size() == parts, "a message that was not taken is left as it was");
            return;
        }
        judge_sending(ec);
        for (; parts != 0; --parts)
            output_.expect(part, parts > 1);
    }
    void subscribe(bool wanted, octets topic) noexcept {
        const bool can = link_.can_send();
        sent_octets_ += 4 * topic.size() + 100;
        allow();
        std::error_code ec;
        wanted ? link_.subscribe(topic, ec) : link_.cancel(topic, ec);
        if (!can) {
            must(ec == errc::not_ready, "a subscription waits for room");
        } else if (link_.peer_minor() != 0) {
            must(!ec || memory_->refused(), "a subscription is sent");
        } else {
            judge_sending(ec);
            output_.expect_subscription(wanted, topic);
        }
    }
    void trim() noexcept { link_.trim(); }
    /// Writes some of the output, or all of it.
    void write(std::size_t most = SIZE_MAX) noexcept {
        bool wrote = false;
        while (most != 0 && !link_.output().empty()) {
            std::size_t size = 0;
            for (const octets span : link_.output()) {
                must(!span.empty(), "no span to write is empty");
                const octets piece = span.first(std::min(span.size(), most));
                output_.read(piece);
                size += piece.size();
                most -= piece.size();
            }
            link_.consume(size);
            wrote = true;
        }
        if (wrote || !drained_)
            drain();
    }

    // --- What became of it ---

    /// The last judgement; everything is written for it.
    void finish() noexcept {
        write();
        drain(); // once more, whatever was said before
        must(!link_.is_open() || output_.whole(), "everything is written");
    }
    /// The code of event::closed, once it came.
    [[nodiscard]] std::error_code closed() const noexcept { return closed_; }
    [[nodiscard]] std::uint64_t received() const noexcept { return received_; }
    [[nodiscard]] bool asked() const noexcept { return asked_; }
    [[nodiscard]] const connection& link() const noexcept { return link_; }
    [[nodiscard]] const output_reader& output() const noexcept { return output_; }

    void drain() noexcept {
        for (;;) {
            std::error_code ec = make_error_code(errc::empty_message);
            const event what = link_.next_event(got_, ec);
            must(what == event::message || marked(), "only a message changes the message");
            must((what == event::closed) == bool(ec), "there is an error exactly when it closed");
            must(!closed_ || what == event::closed, "a closed connection stays closed");
            if (what == event::need_input)
                break;
            if (what == event::closed) {
                on_closed(ec);
                break;
            }
            on_event(what);
            if (what == event::message)
                mark();
        }
        drained_ = true;
    }

private:
    static constexpr std::string_view left_alone = "left alone";
    void mark() noexcept {
        got_.clear();
        static_cast<void>(got_.try_push_back(as_octets(left_alone)));
    }
    [[nodiscard]] bool marked() const noexcept {
        return got_.size() == 1 && as_text(got_.front()) == left_alone;
    }

    void let_go_on() noexcept {
        if (asked_)
            answer();
        else
            drain();
    }

    void on_event(event what) noexcept {
        const zmtp::limits& limit = settings_->cfg.limit;
        must(++events_ <= received_ / 2 + 2, "events come from octets");
        if (what == event::authenticate) {
            must(!asked_ && questions_++ == 0, "a peer is judged once");
            must(!shaken_, "a peer is judged before it is let in");
            const auto credentials = link_.credentials();
            must(credentials.size() == (settings_->plain ? 2 : 0), "each mechanism has its own");
            for (const octets text : credentials)
                must(text.size() <= 255, "no credential is longer than its length can say");
            asked_ = true;
            return;
        }
        if (what == event::handshake_done) {
            must(!shaken_, "a handshake is done once");
            must(!asked_ && (questions_ == 1) == asks(), "who is to be judged was judged");
            must(compatible(settings_->cfg.type, link_.peer_type()), "the types go together");
            must(link_.peer_routing_id().size() <= 255, "a routing id has at most 255 octets");
            const auto type = link_.peer_property("socket-type");
            must(type && as_text(*type) == name_of(link_.peer_type()),
                 "the peer's type is the one it said");
            shaken_ = true;
            output_.peer_speaks(link_.peer_minor());
            listener_->on_handshake(link_);
            return;
        }
        must(shaken_, "nothing comes out before the handshake is done");
        if (what == event::message) {
            must(!got_.empty() && got_.size() <= limit.max_parts, "parts are within the limit");
            std::size_t octets_of_all = 0;
            std::size_t frames = 0;
            for (const octets part : got_) {
                octets_of_all += part.size();
                frames += zmtp::header_size(part.size()) + part.size();
            }
            must(octets_of_all <= limit.max_message_size, "a message is within the limit");
            must(frames == got_.encoded_size(), "a message knows its size");
            listener_->on_message(got_);
        } else {
            must(settings_->cfg.type == socket_type::pub ||
                     settings_->cfg.type == socket_type::xpub,
                 "only publishers are subscribed to");
            must(link_.topic().size() <= limit.max_topic_size, "a topic is within the limit");
            listener_->on_topic(what == event::subscribe, link_.topic());
        }
    }

    void on_closed(std::error_code ec) noexcept {
        must(ec.category() == zmtp::error_category(), "the reason is one of ours");
        must(!closed_ || closed_ == ec, "the reason stays the same");
        must(ec != errc::not_enough_memory || memory_->refused(),
             "memory lacks only where it was refused");
        must(link_.failed_at() <= received_, "what broke a rule has come");
        must(!link_.is_open() && !link_.deadline() && !link_.can_send() &&
                 link_.prepare().empty() && link_.credentials().empty(),
             "a closed connection wants nothing");
        closed_ = ec;
        asked_ = false;
    }

    void judge_sending(std::error_code ec) const noexcept {
        must(!ec || (memory_->refused() && !link_.is_open()), "a message that can be sent is sent");
    }

    [[nodiscard]] bool asks() const noexcept {
        return settings_->plain ? settings_->side == role::server : settings_->cfg.authenticate;
    }

    // What has come may be held, copied to where it grows; then the blocks that are there anyway:
    // two to read into, one to write from, and what a large body gets at once. Where memory is kept
    // for later, sizes are rounded up by a quarter at most.
    void allow() noexcept {
        constexpr std::size_t always = 2 * 33 * 1024 + 6 * 1024 + 65 * 1024 + 48 * 1024;
        const std::size_t held = always + 4 * static_cast<std::size_t>(received_) + sent_octets_;
        const std::size_t spare = settings_->cfg.spare_memory;
        memory_->allow(spare == 0 ? held : held + held / 4 + spare + 1024);
    }

    const settings* settings_;
    watched_memory* memory_;
    Listener* listener_;
    output_reader output_;
    time_point now_{};
    connection link_;
    message got_;
    std::uint64_t received_ = 0;
    std::uint64_t events_ = 0;
    std::size_t sent_octets_ = 0;
    int questions_ = 0;
    bool asked_ = false;
    bool shaken_ = false;
    bool drained_ = true;
    std::error_code closed_;
};

} // namespace mizzen::fuzz
