// One ZMTP 3.1 peer on a plain non-blocking TCP socket, for playing many of them in one process.
#pragma once

#include "raw_frames.hpp"
#include "side_by_side.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string_view>

namespace bench {

/// What a peer is: a DEALER asks once it is connected and waits for its answer, a PUSH does not.
enum class raw_type : std::uint8_t { dealer, push };

enum class send_result : std::uint8_t {
    again,    ///< More can be sent, after the others' turns.
    blocked,  ///< The kernel takes no more for now.
    finished, ///< All is sent. Said once.
};

/// What all peers connect to, and where they are waited for.
struct raw_host {
    sockaddr_in address{};
    int epoll = -1;
};

/// Owns its socket. Does what can be done when told that it can.
class raw_peer {
public:
    raw_peer(std::uint32_t number, raw_type type, const raw_host& host)
        : number_{number}, type_{type}, host_{host} {
        connect();
    }
    raw_peer(const raw_peer&) = delete;
    raw_peer& operator=(const raw_peer&) = delete;
    ~raw_peer() { close(socket_); }

    [[nodiscard]] bool has_met() const noexcept { return phase_ == phase::met; }

    /// The socket can be read, or written for the first time. True when the meeting is over by it.
    /// A host with more connections than it has room for may lose some: they are made again.
    bool advance(raw_frames& frames, bool writable) {
        if (has_met())
            return false;
        try {
            meet(frames, writable);
        } catch (const connection_lost&) {
            close(socket_);
            connect();
        }
        return has_met();
    }

    /// Sends what goes in one turn of `count` messages in all.
    [[nodiscard]] send_result send_some(raw_frames& frames, std::uint64_t count) {
        const std::uint64_t end = count * frames.frame_size();
        if (sent_ == end) // told twice
            return send_result::blocked;
        const auto wanted = frames.octets(number_, sent_, end);
        const ssize_t size = send(socket_, wanted.data(), wanted.size(), MSG_NOSIGNAL);
        if (size < 0 && errno == EAGAIN)
            return send_result::blocked;
        check_system(size > 0, "send");
        sent_ += static_cast<std::uint64_t>(size);
        return sent_ == end ? send_result::finished : send_result::again;
    }

    /// Says farewell and waits until the host has closed.
    void say_farewell(raw_frames& frames) {
        write_all(frames.farewell_octets());
        std::array<char, 256> ignored;
        pollfd wait{.fd = socket_, .events = POLLIN, .revents = 0};
        while (poll(&wait, 1, -1) >= 0 && recv(socket_, ignored.data(), ignored.size(), 0) > 0)
            ;
    }

private:
    enum class phase : std::uint8_t { connecting, greeted, ready, asked, met };

    struct connection_lost : std::runtime_error {
        using std::runtime_error::runtime_error;
    };

    void connect() {
        phase_ = phase::connecting;
        held_ = 0;
        socket_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        check_system(socket_ >= 0, "socket");
        const auto* address = reinterpret_cast<const sockaddr*>(&host_.address);
        if (::connect(socket_, address, sizeof host_.address) != 0)
            check_system(errno == EINPROGRESS, "connect");
        epoll_event wanted{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.u32 = number_}};
        check_system(epoll_ctl(host_.epoll, EPOLL_CTL_ADD, socket_, &wanted) == 0, "epoll_ctl");
    }

    void meet(raw_frames& frames, bool writable) {
        if (phase_ == phase::connecting) {
            if (!writable)
                return;
            write_all(greeting());
            phase_ = phase::greeted;
        }
        while (read_more())
            while (take_step(frames))
                ;
    }

    [[nodiscard]] static std::span<const char> greeting() noexcept {
        static constexpr std::array<char, 64> octets = [] {
            std::array<char, 64> made{};
            made[0] = '\xFF';
            made[9] = '\x7F';
            made[10] = 3;
            made[11] = 1;
            constexpr std::string_view null = "NULL";
            for (std::size_t i = 0; i < null.size(); ++i)
                made[12 + i] = null[i];
            return made;
        }();
        return octets;
    }
    [[nodiscard]] std::string_view ready() const noexcept {
        using namespace std::string_view_literals;
        return type_ == raw_type::dealer ? "\4\x1C\5READY\xBSocket-Type\0\0\0\6DEALER"sv
                                         : "\4\x1A\5READY\xBSocket-Type\0\0\0\4PUSH"sv;
    }

    /// Of a handshake or a question: too little for the kernel to refuse.
    void write_all(std::span<const char> octets) const {
        const ssize_t size = send(socket_, octets.data(), octets.size(), MSG_NOSIGNAL);
        if (size != static_cast<ssize_t>(octets.size()))
            throw connection_lost{"a peer cannot send what its meeting needs"};
    }

    [[nodiscard]] bool read_more() {
        const ssize_t size = recv(socket_, input_.data() + held_, input_.size() - held_, 0);
        if (size < 0 && errno == EAGAIN)
            return false;
        if (size <= 0)
            throw connection_lost{"the host has gone"};
        held_ += static_cast<std::size_t>(size);
        return true;
    }

    /// Takes the greeting, or a frame, from what has come. False while there is too little.
    [[nodiscard]] bool take_step(raw_frames& frames) {
        if (phase_ == phase::greeted) {
            if (held_ < greeting().size())
                return false;
            drop(greeting().size());
            write_all(ready());
            phase_ = phase::ready;
            return true;
        }
        const std::size_t size = 2 + (held_ < 2 ? 0 : static_cast<unsigned char>(input_[1]));
        if (has_met() || held_ < 2 || held_ < size)
            return false;
        take_frame(frames, size);
        drop(size);
        return true;
    }

    void take_frame(raw_frames& frames, std::size_t size) {
        if (phase_ == phase::ready) {
            if (size < 8 || std::string_view{input_.data() + 2, 6} != "\5READY")
                throw std::runtime_error{"the host did not let a peer in"};
            phase_ = phase::met;
            if (type_ == raw_type::dealer) {
                write_all(frames.octets(number_, 0, frames.frame_size()));
                sent_ = frames.frame_size();
                phase_ = phase::asked;
            }
            return;
        }
        const auto wanted = frames.octets(number_, 0, frames.frame_size());
        if (size != wanted.size() || std::memcmp(input_.data(), wanted.data(), size) != 0)
            throw std::runtime_error{"an answer is not what was asked"};
        phase_ = phase::met;
    }

    void drop(std::size_t size) noexcept {
        held_ -= size;
        std::memmove(input_.data(), input_.data() + size, held_);
    }

    std::uint32_t number_;
    raw_type type_;
    const raw_host& host_;
    phase phase_ = phase::connecting;
    int socket_ = -1;
    std::uint64_t sent_ = 0; // octets of numbered messages
    std::size_t held_ = 0;
    std::array<char, 512> input_{};
};

} // namespace bench
