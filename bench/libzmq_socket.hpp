// libzmq's contexts, sockets and messages, for the programs of its side.
#pragma once

#include "curve_keys.hpp"
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

/// With one I/O thread, which is libzmq's default. Threads share it.
class libzmq_context {
public:
    libzmq_context() : context_{zmq_ctx_new()} { check(context_ != nullptr, "zmq_ctx_new"); }
    libzmq_context(const libzmq_context&) = delete;
    libzmq_context& operator=(const libzmq_context&) = delete;
    ~libzmq_context() { zmq_ctx_term(context_); } // waits until all is written

    [[nodiscard]] void* get() const noexcept { return context_; }

private:
    void* context_;
};

/// One thread's. No linger limit, which is libzmq's default.
class libzmq_socket {
public:
    libzmq_socket(const libzmq_context& context, int type)
        : socket_{zmq_socket(context.get(), type)}, type_{type} {
        check(socket_ != nullptr, "zmq_socket");
        set(ZMQ_SNDHWM, high_water_mark);
        set(ZMQ_RCVHWM, high_water_mark);
        set(ZMQ_BACKLOG, backlog);
        if (type == ZMQ_XPUB)
            set(ZMQ_XPUB_NODROP, 1);
        if (type == ZMQ_SUB)
            check(zmq_setsockopt(socket_, ZMQ_SUBSCRIBE, "", 0) == 0, "ZMQ_SUBSCRIBE");
    }
    libzmq_socket(const libzmq_socket&) = delete;
    libzmq_socket& operator=(const libzmq_socket&) = delete;
    ~libzmq_socket() { zmq_close(socket_); }

    void secure_server(security how) {
        if (how == security::none)
            return;
        set(ZMQ_CURVE_SERVER, 1);
        set(ZMQ_CURVE_SECRETKEY, server_secret_key);
    }
    void secure_client(security how) {
        if (how == security::none)
            return;
        set(ZMQ_CURVE_SERVERKEY, server_public_key);
        set(ZMQ_CURVE_PUBLICKEY, client_public_key);
        set(ZMQ_CURVE_SECRETKEY, client_secret_key);
    }
    /// Nothing is queued before a connection is through its handshake.
    void send_to_connected_only() { set(ZMQ_IMMEDIATE, 1); }

    [[nodiscard]] int type() const noexcept { return type_; }

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
    void send(zmq_msg_t& m, int flags = 0) {
        check(zmq_msg_send(&m, socket_, flags) >= 0, "zmq_msg_send");
    }
    /// What the message held before is let go.
    void receive(zmq_msg_t& m) { check(zmq_msg_recv(&m, socket_, 0) >= 0, "zmq_msg_recv"); }

private:
    void set(int option, int value) {
        check(zmq_setsockopt(socket_, option, &value, sizeof value) == 0, "zmq_setsockopt");
    }
    void set(int option, const char* key) {
        check(zmq_setsockopt(socket_, option, key, std::strlen(key)) == 0, "zmq_setsockopt");
    }

    void* socket_;
    int type_;
};

/// Makes a message that was not initialised, and writes the body into it.
inline void make_message(zmq_msg_t& m, const std::string& body) {
    check(zmq_msg_init_size(&m, body.size()) == 0, "zmq_msg_init_size");
    std::memcpy(zmq_msg_data(&m), body.data(), body.size());
}

inline void expect_more(zmq_msg_t& m, bool more) {
    if ((zmq_msg_more(&m) != 0) != more)
        throw std::runtime_error{more ? "a routing id and no body" : "more parts than there are"};
}

/// Receives a whole message; `m` is its body.
inline void receive_body(libzmq_socket& socket, zmq_msg_t& m) {
    if (socket.type() == ZMQ_ROUTER) {
        socket.receive(m); // the routing id
        expect_more(m, true);
    }
    socket.receive(m);
    expect_more(m, false);
}

inline void check_message(zmq_msg_t& m, std::size_t wanted_size, std::uint64_t wanted_number) {
    check_body(zmq_msg_data(&m), zmq_msg_size(&m), wanted_size, wanted_number);
}

} // namespace bench
