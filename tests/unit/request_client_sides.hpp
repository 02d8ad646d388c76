// Servers of each pattern that has clients of the common kind, all behaving alike.
#pragma once

#include "pattern_helpers.hpp"
#include <mizzen/patterns/binary_star/server.hpp>
#include <mizzen/patterns/clients.hpp>
#include <mizzen/patterns/freelance/server.hpp>
#include <mizzen/patterns/lazy_pirate/server.hpp>
#include <mizzen/patterns/majordomo/broker.hpp>
#include <mizzen/patterns/majordomo/worker.hpp>

#include <asio/io_context.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace mizzen::patterns::test {

/// Echoes. "silence" gets no answer, "fail" a failure.
struct echo {
    std::vector<std::shared_ptr<void>>* silent; ///< Keeps what is to be answered by nobody.

    template <class Answer> void operator()(message body, Answer answer) const {
        if (body.text(0) == "silence")
            silent->push_back(std::make_shared<Answer>(std::move(answer)));
        else if (body.text(0) == "fail")
            answer.fail("no such colour");
        else
            answer.reply(std::move(body));
    }
};

// Each has the servers, for which the clients' service is "echo", and three sorts of options:
// patient, of which no time runs out; hasty, of which it soon does; narrow, patient for one request
// (and one that waits, where there is a queue). `starting` has `then` called once they serve.

struct lazy_pirate_side {
    using client = lazy_pirate::client;
    using blocking_client = lazy_pirate::blocking::client;
    using options = lazy_pirate::client_options;

    lazy_pirate::server node;
    std::string endpoint = node.bind("tcp://127.0.0.1:*");

    lazy_pirate_side(asio::io_context& io, const echo& serve) : node{io, {}, serve} {}
    [[nodiscard]] bool serves() const { return true; }
    template <class Client> void tell(Client& asks) { asks.connect(endpoint); }

    static options patient() {
        options out;
        out.timeout = 20s;
        out.tagged = true; // a server's words are for clients that know it again
        return out;
    }
    static options hasty() {
        options out = patient();
        out.timeout = 20ms;
        out.retries = 1;
        out.pause = 1ms;
        return out;
    }
    static options narrow() {
        options out = patient();
        out.max_waiting = 1;
        return out;
    }
};

struct binary_star_side {
    using client = binary_star::client;
    using blocking_client = binary_star::blocking::client;
    using options = binary_star::client_options;

    binary_star::server primary;
    binary_star::server backup;
    std::string first = primary.bind("tcp://127.0.0.1:*");
    std::string second = backup.bind("tcp://127.0.0.1:*");

    binary_star_side(asio::io_context& io, const echo& serve)
        : primary{io, half(binary_star::role::primary), serve},
          backup{io, half(binary_star::role::backup), serve} {
        const std::string of_primary = primary.half().bind_peer("tcp://127.0.0.1:*");
        const std::string of_backup = backup.half().bind_peer("tcp://127.0.0.1:*");
        primary.half().connect_peer(of_backup);
        backup.half().connect_peer(of_primary);
    }
    [[nodiscard]] bool serves() const {
        return primary.half().core().now_in().in == binary_star::state::active;
    }
    template <class Client> void tell(Client& asks) {
        asks.connect(first);
        asks.connect(second);
    }

    static binary_star::server_options half(binary_star::role which) {
        binary_star::server_options out;
        out.star.half = which;
        out.star.heartbeat = 50ms;
        return out;
    }
    static options patient() {
        options out;
        out.timeout = 20s;
        out.tagged = true;
        return out;
    }
    static options hasty() {
        options out = patient();
        out.deadline = 50ms;
        return out;
    }
    static options narrow() {
        options out = patient();
        out.max_waiting = 1;
        return out;
    }
};

struct freelance_side {
    using client = freelance::client;
    using blocking_client = freelance::blocking::client;
    using options = freelance::client_options;

    freelance::server a;
    freelance::server b;
    std::string first = a.bind("tcp://127.0.0.1:*");
    std::string second = b.bind("tcp://127.0.0.1:*");

    freelance_side(asio::io_context& io, const echo& serve) : a{io, {}, serve}, b{io, {}, serve} {}
    [[nodiscard]] bool serves() const { return true; }
    template <class Client> void tell(Client& asks) {
        asks.connect(first);
        asks.connect(second);
    }

    static options patient() {
        options out;
        out.timeout = 20s;
        return out;
    }
    static options hasty() {
        options out;
        out.timeout = 50ms;
        return out;
    }
    static options narrow() {
        options out = patient();
        out.max_outstanding = 1;
        return out;
    }
};

struct majordomo_side {
    using client = majordomo::client;
    using blocking_client = majordomo::blocking::client;
    using options = majordomo::client_options;

    majordomo::broker broker;
    std::string endpoint = broker.bind("tcp://127.0.0.1:*");
    majordomo::worker worker;

    majordomo_side(asio::io_context& io, const echo& serve)
        : broker{io, one_service()}, worker{io, serving(), serve} {
        worker.connect(endpoint);
    }
    [[nodiscard]] bool serves() const { return broker.stats().workers == 1; }
    template <class Client> void tell(Client& asks) { asks.connect(endpoint); }

    static majordomo::broker_options one_service() {
        majordomo::broker_options out;
        out.max_services = 1;
        return out;
    }
    static majordomo::worker_options serving() {
        majordomo::worker_options out;
        out.service = "echo";
        out.credit = 10;
        return out;
    }
    static options patient() {
        options out;
        out.timeout = 20s;
        return out;
    }
    static options hasty() {
        options out;
        out.timeout = 20ms;
        out.retries = 1;
        out.retry_delay = 1ms;
        return out;
    }
    static options narrow() {
        options out = patient();
        out.max_outstanding = 1;
        out.max_waiting = 1;
        return out;
    }
};

} // namespace mizzen::patterns::test
