// Judges what a connection writes, octet by octet, without the product's own decoder.
#pragma once

#include "must.hpp"
#include "settings.hpp"
#include "wire.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace mizzen::fuzz {

class output_reader {
public:
    explicit output_reader(const settings& s) noexcept
        : settings_{&s}, greeting_{greeting_of(s)}, sent_{std::move(kept)} {
        sent_.clear();
    }
    ~output_reader() { kept = std::move(sent_); }
    output_reader(const output_reader&) = delete;
    output_reader& operator=(const output_reader&) = delete;

    /// Which version the peer turned out to have.
    void peer_speaks(std::uint8_t minor) noexcept { peer_minor_ = minor; }

    void read(octets data) noexcept {
        while (!data.empty()) {
            must(!said_error_, "nothing is said behind an ERROR");
            if (read_ < greeting_.size())
                data = data.subspan(read_greeting(data));
            else if (left_ != 0)
                data = data.subspan(read_body(data));
            else
                data = data.subspan(read_header(data));
        }
    }

    /// What is to come: one part of a message that was handed over. The octets stand until it has.
    void expect(octets body, bool more) { sent_.push_back({{}, body, more}); }
    /// A message for a peer that knows no such commands.
    void expect_subscription(bool wanted, octets topic) {
        static constexpr std::array said{std::byte{0}, std::byte{1}};
        sent_.push_back({octets{said}.subspan(wanted ? 1 : 0, 1), topic, false});
    }

    /// Whether everything that was begun has been ended.
    [[nodiscard]] bool whole() const noexcept {
        return read_ >= greeting_.size() && header_ == 0 && left_ == 0 && next_ == sent_.size();
    }
    [[nodiscard]] std::uint64_t pongs() const noexcept { return pongs_; }

private:
    struct part {
        octets front; // of its body
        octets rest;
        bool more;

        [[nodiscard]] std::size_t size() const noexcept { return front.size() + rest.size(); }
    };
    static inline std::vector<part> kept; // for its memory

    static octets greeting_of(const settings& s) noexcept {
        static const std::array all{greeting("NULL", 1, false), greeting("PLAIN", 1, false),
                                    greeting("PLAIN", 1, true)};
        return all[!s.plain ? 0 : s.side == role::client ? 1 : 2];
    }

    std::size_t read_greeting(octets data) noexcept {
        const std::size_t size = std::min(data.size(), greeting_.size() - read_);
        must(same(data.first(size), greeting_.subspan(read_, size)),
             "our greeting is the one of 37/ZMTP");
        read_ += size;
        return size;
    }

    std::size_t read_header(octets data) noexcept {
        std::size_t used = 0;
        if (header_ == 0) {
            flags_ = std::to_integer<std::uint8_t>(data[used++]);
            must((flags_ & ~7U) == 0, "no reserved flag is set");
            must((flags_ & 5) != 5, "no command says that more follows");
            size_ = 0;
            header_ = 1;
        }
        const std::size_t whole = (flags_ & 2) != 0 ? 9 : 2;
        for (; header_ != whole && used != data.size(); ++header_)
            size_ = size_ * 256 + std::to_integer<std::uint64_t>(data[used++]);
        if (header_ == whole)
            begin_body();
        return used;
    }

    void begin_body() noexcept {
        must((flags_ & 2) == 0 || size_ > 255, "a short size is written short");
        left_ = size_;
        kept_ = 0;
        if ((flags_ & 4) == 0) {
            must(step_ == handshake().size(), "no message is sent before the handshake is done");
            must(next_ != sent_.size() && size_ == sent_[next_].size() &&
                     ((flags_ & 1) != 0) == sent_[next_].more,
                 "messages are written in their order, with their parts");
        }
        if (left_ == 0)
            end_frame();
    }

    std::size_t read_body(octets data) noexcept {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(data.size(), left_));
        const octets here = data.first(size);
        if ((flags_ & 4) == 0) {
            must(is_due(here), "a message is written as it is");
        } else {
            const std::size_t keep = std::min(size, start_.size() - kept_);
            std::copy_n(here.begin(), keep, start_.begin() + static_cast<std::ptrdiff_t>(kept_));
            kept_ += keep;
        }
        left_ -= size;
        if (left_ == 0)
            end_frame();
        return size;
    }

    // Whether these are the next octets of the part that is being written.
    [[nodiscard]] bool is_due(octets here) const noexcept {
        const part& now = sent_[next_];
        std::size_t at = now.size() - static_cast<std::size_t>(left_);
        const octets front = now.front.subspan(std::min(at, now.front.size()));
        const octets first = here.first(std::min(front.size(), here.size()));
        at += first.size();
        const octets second = here.subspan(first.size());
        return same(first, front.first(first.size())) &&
               (second.empty() ||
                same(second, now.rest.subspan(at - now.front.size(), second.size())));
    }

    void end_frame() noexcept {
        header_ = 0;
        if ((flags_ & 4) != 0)
            return end_command();
        ++next_;
    }

    void end_command() noexcept {
        const octets start{start_.data(), kept_};
        const std::size_t name_size = start.empty() ? 0 : std::to_integer<std::size_t>(start[0]);
        must(name_size != 0 && name_size < kept_, "a command has a name, one of ours a short one");
        const std::string_view name = as_text(start.subspan(1, name_size));
        if (step_ < handshake().size() && name == handshake()[step_]) {
            ++step_;
            return;
        }
        if (name == "ERROR") {
            must(next_ == 0, "an ERROR is said in the handshake only");
            said_error_ = true;
            return;
        }
        must(step_ == handshake().size(), "the handshake goes in its order");
        if (name == "PING")
            must(size_ == 1 + 4 + 2, "our PING has a time to live and no context");
        else if (name == "PONG") {
            must(size_ <= 1 + 4 + 16, "a PONG has a context of up to 16 octets");
            ++pongs_;
        } else
            must(peer_minor_ != 0 && (name == "SUBSCRIBE" || name == "CANCEL"),
                 "only commands that the peer's version knows are sent");
    }

    [[nodiscard]] std::span<const std::string_view> handshake() const noexcept {
        static constexpr std::array<std::string_view, 1> null{"READY"};
        static constexpr std::array<std::string_view, 2> client{"HELLO", "INITIATE"};
        static constexpr std::array<std::string_view, 2> server{"WELCOME", "READY"};
        if (!settings_->plain)
            return null;
        return settings_->side == role::client ? client : server;
    }

    const settings* settings_;
    std::uint8_t peer_minor_ = 0;
    octets greeting_;
    std::size_t read_ = 0;   // of the greeting
    std::size_t header_ = 0; // octets of the header that have come
    std::uint8_t flags_ = 0;
    std::uint64_t size_ = 0;
    std::uint64_t left_ = 0;          // of the body
    std::array<std::byte, 32> start_; // of a command's body
    std::size_t kept_ = 0;            // of it, in start_
    std::size_t step_ = 0;            // of the handshake
    bool said_error_ = false;
    std::vector<part> sent_;
    std::size_t next_ = 0; // of sent_
    std::uint64_t pongs_ = 0;
};

} // namespace mizzen::fuzz
