// libzmq as the other side: its C functions, owned.
#pragma once

#include <doctest/doctest.h>
#include <zmq.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mizzen::testing {

using parts = std::vector<std::string>;

enum class binds : std::uint8_t { we, they }; // the other side connects

inline void zmq_check(int result, const char* what) {
    if (result == -1)
        throw std::runtime_error{std::string{what} + ": " + zmq_strerror(zmq_errno())};
}

class zmq_context {
public:
    zmq_context() : context_{zmq_ctx_new()} {}
    ~zmq_context() { zmq_ctx_term(context_); }
    zmq_context(const zmq_context&) = delete;
    zmq_context& operator=(const zmq_context&) = delete;
    [[nodiscard]] void* get() const { return context_; }

private:
    void* context_;
};

/// A libzmq socket of one thread. Sends and receives give up after ten seconds, and what is unsent
/// is dropped when it closes, unless its options say otherwise.
class zmq_peer {
public:
    zmq_peer(zmq_context& context, int type) : socket_{zmq_socket(context.get(), type)} {
        if (socket_ == nullptr)
            throw std::runtime_error{zmq_strerror(zmq_errno())};
        set(ZMQ_LINGER, 0);
        set(ZMQ_RCVTIMEO, 10000);
        set(ZMQ_SNDTIMEO, 10000);
    }
    ~zmq_peer() { close(); }
    zmq_peer(const zmq_peer&) = delete;
    zmq_peer& operator=(const zmq_peer&) = delete;

    void close() {
        if (socket_ != nullptr)
            zmq_close(std::exchange(socket_, nullptr));
    }
    void set(int option, int value) {
        zmq_check(zmq_setsockopt(socket_, option, &value, sizeof value), "zmq_setsockopt");
    }
    void set(int option, std::int64_t value) {
        zmq_check(zmq_setsockopt(socket_, option, &value, sizeof value), "zmq_setsockopt");
    }
    void set(int option, std::string_view value) {
        zmq_check(zmq_setsockopt(socket_, option, value.data(), value.size()), "zmq_setsockopt");
    }
    /// Returns the endpoint with its port.
    std::string bind(const std::string& endpoint = "tcp://127.0.0.1:*") {
        zmq_check(zmq_bind(socket_, endpoint.c_str()), "zmq_bind");
        char last[256];
        std::size_t size = sizeof last;
        zmq_check(zmq_getsockopt(socket_, ZMQ_LAST_ENDPOINT, last, &size), "zmq_getsockopt");
        return last;
    }
    void connect(const std::string& endpoint) {
        zmq_check(zmq_connect(socket_, endpoint.c_str()), "zmq_connect");
    }

    /// False with EAGAIN or EHOSTUNREACH; throws on anything else.
    bool send(const parts& message, int flags = 0) {
        for (std::size_t i = 0; i < message.size(); ++i) {
            const int with_more = i + 1 < message.size() ? ZMQ_SNDMORE : 0;
            if (zmq_send(socket_, message[i].data(), message[i].size(), flags | with_more) == -1) {
                if (i == 0 && (zmq_errno() == EAGAIN || zmq_errno() == EHOSTUNREACH))
                    return false;
                zmq_check(-1, "zmq_send");
            }
        }
        return true;
    }
    /// False when nothing came in time.
    bool receive(parts& message, int flags = 0) {
        message.clear();
        for (int follows = 1; follows != 0;) {
            zmq_msg_t part;
            zmq_msg_init(&part);
            if (zmq_msg_recv(&part, socket_, flags) == -1) {
                zmq_msg_close(&part);
                if (message.empty() && zmq_errno() == EAGAIN)
                    return false;
                zmq_check(-1, "zmq_msg_recv");
            }
            message.emplace_back(static_cast<const char*>(zmq_msg_data(&part)),
                                 zmq_msg_size(&part));
            follows = zmq_msg_more(&part);
            zmq_msg_close(&part);
        }
        return true;
    }

    /// Says what happens to the socket's connections on an endpoint of its context.
    void report(int events, const std::string& endpoint) {
        zmq_check(zmq_socket_monitor(socket_, endpoint.c_str(), events), "zmq_socket_monitor");
    }

private:
    void* socket_;
};

} // namespace mizzen::testing
