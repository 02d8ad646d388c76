// A libzmq socket with a context of its own, and its messages, for the side-by-side benchmarks.
#pragma once

#include "side_by_side.hpp"

#include <zmq.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

namespace bench {

inline void check(bool good, const char* what) {
    if (!good)
        throw std::runtime_error{std::string{what} + ": " + zmq_strerror(zmq_errno())};
}

/// One I/O thread, and no linger limit, which are libzmq's defaults.
class libzmq_socket {
public:
    explicit libzmq_socket(int type) : context_{zmq_ctx_new()} {
        check(context_ != nullptr, "zmq_ctx_new");
        socket_ = zmq_socket(context_, type);
        check(socket_ != nullptr, "zmq_socket");
        const int mark = high_water_mark;
        check(zmq_setsockopt(socket_, ZMQ_SNDHWM, &mark, sizeof mark) == 0, "ZMQ_SNDHWM");
        check(zmq_setsockopt(socket_, ZMQ_RCVHWM, &mark, sizeof mark) == 0, "ZMQ_RCVHWM");
    }
    libzmq_socket(const libzmq_socket&) = delete;
    libzmq_socket& operator=(const libzmq_socket&) = delete;
    ~libzmq_socket() {
        zmq_close(socket_);
        zmq_ctx_term(context_); // waits until all is written
    }

    [[nodiscard]] std::string bind(const std::string& endpoint) {
        check(zmq_bind(socket_, endpoint.c_str()) == 0, "zmq_bind");
        std::array<char, 256> bound{};
        std::size_t size = bound.size();
        check(zmq_getsockopt(socket_, ZMQ_LAST_ENDPOINT, bound.data(), &size) == 0,
              "ZMQ_LAST_ENDPOINT");
        return bound.data();
    }
    void connect(const std::string& endpoint) {
        check(zmq_connect(socket_, endpoint.c_str()) == 0, "zmq_connect");
    }
    /// The message is empty afterwards and need not be closed.
    void send(zmq_msg_t& m) { check(zmq_msg_send(&m, socket_, 0) >= 0, "zmq_msg_send"); }
    /// What the message held before is let go.
    void receive(zmq_msg_t& m) { check(zmq_msg_recv(&m, socket_, 0) >= 0, "zmq_msg_recv"); }

private:
    void* context_;
    void* socket_ = nullptr;
};

/// Makes a message that was not initialised, and writes the body into it.
inline void make_message(zmq_msg_t& m, const std::string& body) {
    check(zmq_msg_init_size(&m, body.size()) == 0, "zmq_msg_init_size");
    std::memcpy(zmq_msg_data(&m), body.data(), body.size());
}

inline void check_message(zmq_msg_t& m, std::size_t wanted_size, std::uint64_t wanted_number) {
    check_body(zmq_msg_data(&m), zmq_msg_size(&m), wanted_size, wanted_number);
}

} // namespace bench
