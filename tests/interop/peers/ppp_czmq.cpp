// Paranoid Pirate queue and worker on CZMQ 4, written from RFC 6, to test others against.
//
// ppp-czmq worker ENDPOINT       prints `ready` for each connection; replies in upper case
// ppp-czmq queue                 prints two lines `listening ENDPOINT`: for clients, for workers
//
// Heartbeats every 100 ms, gone after three. Both do as the Guide's C samples: the queue takes
// every message of a worker for a sign that it is free, and the worker is deaf and silent while it
// works.
#include <czmq.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstring>
#include <deque>
#include <string>

namespace {

constexpr int interval = 100; // ms
constexpr int liveness = 3;

bool is_octet(zmsg_t* message, byte octet) {
    zframe_t* frame = zmsg_first(message);
    return zmsg_size(message) == 1 && zframe_size(frame) == 1 && *zframe_data(frame) == octet;
}

void say(const char* text) {
    std::puts(text);
    std::fflush(stdout);
}

zsock_t* open_worker(const char* endpoint) {
    zsock_t* socket = zsock_new_dealer(endpoint);
    zstr_send(socket, "\x01");
    say("ready");
    return socket;
}

int work(const char* endpoint) {
    zsock_t* socket = open_worker(endpoint);
    int left = liveness;
    std::int64_t beat_at = zclock_mono() + interval;
    while (!zsys_interrupted) {
        zpoller_t* poller = zpoller_new(socket, nullptr);
        const bool ready = zpoller_wait(poller, interval) != nullptr;
        zpoller_destroy(&poller);
        if (zsys_interrupted)
            break;
        if (ready) {
            zmsg_t* message = zmsg_recv(socket);
            left = liveness;
            if (zmsg_size(message) == 3) {
                zframe_t* body = zmsg_last(message);
                auto* const begin = zframe_data(body);
                std::transform(begin, begin + zframe_size(body), begin,
                               [](unsigned char c) { return std::toupper(c); });
                zmsg_send(&message, socket);
            } else if (!is_octet(message, 2)) {
                std::fputs("ppp-czmq: neither a request nor a heartbeat\n", stderr);
                return 3;
            }
            zmsg_destroy(&message);
        } else if (--left == 0) {
            zsock_destroy(&socket);
            socket = open_worker(endpoint);
            left = liveness;
        }
        if (zclock_mono() >= beat_at) {
            beat_at = zclock_mono() + interval;
            zstr_send(socket, "\x02");
        }
    }
    zsock_destroy(&socket);
    return 0;
}

struct free_worker {
    zframe_t* id;
    std::int64_t ends;
};

class paranoid_queue {
public:
    paranoid_queue() : front_{zsock_new(ZMQ_ROUTER)}, back_{zsock_new(ZMQ_ROUTER)} {
        for (zsock_t* each : {front_, back_}) {
            zsock_bind(each, "tcp://127.0.0.1:*");
            say((std::string{"listening "} + zsock_endpoint(each)).c_str());
        }
    }
    paranoid_queue(const paranoid_queue&) = delete;
    paranoid_queue& operator=(const paranoid_queue&) = delete;
    ~paranoid_queue() {
        for (free_worker& each : free_)
            zframe_destroy(&each.id);
        zsock_destroy(&front_);
        zsock_destroy(&back_);
    }

    int run() {
        std::int64_t beat_at = zclock_mono() + interval;
        while (!zsys_interrupted) {
            zpoller_t* poller = zpoller_new(back_, nullptr);
            if (!free_.empty())
                zpoller_add(poller, front_);
            void* const ready = zpoller_wait(poller, interval);
            zpoller_destroy(&poller);
            if (ready == back_ && !from_worker(zmsg_recv(back_)))
                return 3;
            if (ready == front_)
                from_client(zmsg_recv(front_));
            forget_the_silent();
            if (zclock_mono() >= beat_at) {
                beat_at = zclock_mono() + interval;
                beat();
            }
        }
        return 0;
    }

private:
    bool from_worker(zmsg_t* message) {
        if (message == nullptr)
            return true; // interrupted
        zframe_t* id = zmsg_pop(message);
        const auto known = std::find_if(free_.begin(), free_.end(), [&](const free_worker& each) {
            return zframe_eq(each.id, id);
        });
        if (known != free_.end()) {
            zframe_destroy(&known->id);
            free_.erase(known);
        }
        free_.push_back({id, zclock_mono() + liveness * interval});
        if (zmsg_size(message) == 1) {
            const bool known_signal = is_octet(message, 1) || is_octet(message, 2);
            zmsg_destroy(&message);
            if (!known_signal)
                std::fputs("ppp-czmq: neither READY nor HEARTBEAT\n", stderr);
            return known_signal;
        }
        zmsg_send(&message, front_);
        return true;
    }

    void from_client(zmsg_t* message) {
        if (message == nullptr)
            return;
        zmsg_prepend(message, &free_.front().id);
        free_.pop_front();
        zmsg_send(&message, back_);
    }

    void forget_the_silent() {
        while (!free_.empty() && free_.front().ends <= zclock_mono()) {
            zframe_destroy(&free_.front().id);
            free_.pop_front();
        }
    }

    void beat() {
        for (const free_worker& each : free_) {
            zframe_t* id = zframe_dup(each.id);
            zframe_send(&id, back_, ZFRAME_MORE);
            zstr_send(back_, "\x02");
        }
    }

    zsock_t* front_;
    zsock_t* back_;
    std::deque<free_worker> free_; // whoever was heard of last stands last
};

} // namespace

int main(int argc, char** argv) {
    zsys_init();
    if (argc == 3 && std::strcmp(argv[1], "worker") == 0)
        return work(argv[2]);
    if (argc == 2 && std::strcmp(argv[1], "queue") == 0)
        return paranoid_queue{}.run();
    std::fputs("usage: ppp-czmq worker ENDPOINT | queue\n", stderr);
    return 2;
}
