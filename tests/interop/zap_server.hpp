// Who libzmq's servers ask about their clients: a handler of 27/ZAP.
#pragma once

#include "libzmq_peer.hpp"

#include <zmq.h>

#include <string>
#include <thread>

namespace mizzen::testing {

/// By PLAIN it accepts admin/secret, asks "later" to come again, fails for "broken" and refuses the
/// others; by CURVE it accepts whoever there is. There is one in a context, up before the servers.
class zap_server {
public:
    explicit zap_server(zmq_context& context) : context_{&context}, handler_{context, ZMQ_REP} {
        handler_.bind(endpoint);
        thread_ = std::thread{[this] { serve(); }};
    }
    ~zap_server() {
        zmq_peer stop{*context_, ZMQ_REQ};
        stop.connect(endpoint);
        stop.send({"stop"});
        thread_.join();
    }
    zap_server(const zap_server&) = delete;
    zap_server& operator=(const zap_server&) = delete;

private:
    static constexpr const char* endpoint = "inproc://zeromq.zap.01";

    static const char* status_of(const std::string& user, const std::string& password) {
        if (user == "later")
            return "300";
        if (user == "broken")
            return "500";
        return user == "admin" && password == "secret" ? "200" : "400";
    }
    void serve() {
        // version, request id, domain, address, identity, mechanism, then user, password or the key
        for (parts request; request != parts{"stop"};)
            if (handler_.receive(request) && request.size() > 6)
                // Without a user id: libzmq's REQ takes one for a bad reply, and closes.
                handler_.send({request[0], request[1],
                               request.size() == 8 ? status_of(request[6], request[7]) : "200", "",
                               "", ""});
    }

    zmq_context* context_;
    zmq_peer handler_;
    std::thread thread_;
};

} // namespace mizzen::testing
