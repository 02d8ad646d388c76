// Majordomo's broker, its workers and its clients, each a process of this program. Broker and
// workers run until their input ends.
#include "round_trips.hpp"
#include "side_by_side.hpp"
#include <mizzen/message.hpp>
#include <mizzen/patterns/majordomo/blocking.hpp>
#include <mizzen/patterns/majordomo/broker.hpp>
#include <mizzen/patterns/majordomo/client.hpp>
#include <mizzen/patterns/majordomo/worker.hpp>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace {

namespace majordomo = mizzen::majordomo;
using mizzen::message;

constexpr const char* service = "echo";

// Calls `end` when nothing more can come.
class input_watch {
public:
    template <class End> input_watch(asio::io_context& loop, End end) : input_{loop, ::dup(0)} {
        input_.async_read_some(asio::buffer(ignored_),
                               [end](std::error_code, std::size_t) { end(); });
    }

private:
    asio::posix::stream_descriptor input_;
    std::array<char, 64> ignored_{};
};

void run_broker(const std::string& endpoint) {
    asio::io_context loop{1};
    majordomo::broker_options options;
    options.max_requests_per_service = 100'000;
    options.max_queued_octets = std::size_t{1} << 30;
    majordomo::broker node{loop, options};
    bench::print_listening(node.bind(endpoint));
    const input_watch watch{loop, [&] { node.stop(); }};
    loop.run();
}

// Says `ready` once all of them have registered.
void run_workers(const std::string& endpoint, std::size_t count, std::uint32_t credit) {
    asio::io_context loop{1};
    majordomo::worker_options options;
    options.service = service;
    options.credit = credit;
    std::vector<majordomo::worker> workers;
    for (std::size_t i = 0; i < count; ++i) {
        workers.emplace_back(loop, options, [](message body, majordomo::responder answer) {
            answer.reply(std::move(body));
        });
        workers.back().connect(endpoint);
    }
    asio::steady_timer timer{loop};
    std::uint64_t ready = 0;
    while (ready < count) {
        loop.run_one_for(std::chrono::milliseconds{10});
        ready = 0;
        for (const auto& each : workers)
            ready += each.stats().registrations;
    }
    loop.poll();
    std::printf("ready %zu\n", count);
    std::fflush(stdout);
    const input_watch watch{loop, [&] {
                                for (auto& each : workers)
                                    each.stop();
                            }};
    loop.run();
}

// Several clients on one loop, each with as many requests as it may have.
class load {
public:
    load(const std::string& endpoint, std::size_t clients, std::size_t outstanding,
         std::size_t size, std::uint64_t count)
        : body_(size, 'x'), count_{count} {
        majordomo::client_options options;
        options.max_outstanding = outstanding;
        options.timeout = std::chrono::seconds{30};
        for (std::size_t i = 0; i < clients; ++i) {
            clients_.emplace_back(loop_, options);
            clients_.back().connect(endpoint);
        }
        outstanding_ = outstanding;
    }

    // The first requests find out what the broker knows, and are not timed.
    double run() {
        const std::uint64_t timed = std::exchange(count_, clients_.size());
        run_once(1);
        count_ = timed;
        bench::stopwatch watch;
        watch.start();
        run_once(outstanding_);
        return watch.seconds();
    }

private:
    void run_once(std::size_t each) {
        sent_ = done_ = 0;
        for (std::size_t i = 0; i < each && sent_ < count_; ++i)
            for (auto& client : clients_)
                if (sent_ < count_)
                    send(client);
        while (done_ < count_)
            loop_.run_one();
    }
    void send(majordomo::client& client) {
        const std::uint64_t number = sent_++;
        bench::write_number(body_.data(), number);
        client.async_request(service, message{body_},
                             [this, number, &client](std::error_code ec, const message& reply) {
                                 if (ec)
                                     throw std::system_error{ec};
                                 bench::check_body(reply.front().data(), reply.front().size(),
                                                   body_.size(), number);
                                 ++done_;
                                 if (sent_ < count_)
                                     send(client);
                             });
    }

    asio::io_context loop_{1};
    std::vector<majordomo::client> clients_;
    std::size_t outstanding_ = 1;
    std::string body_;
    std::uint64_t count_;
    std::uint64_t sent_ = 0;
    std::uint64_t done_ = 0;
};

// One at a time.
void ask(const std::string& endpoint, std::size_t size, std::uint64_t count) {
    asio::io_context loop{1};
    majordomo::client client{loop};
    client.connect(endpoint);
    std::string body(size, 'x');
    bench::time_round_trips(count, [&](std::uint64_t number) {
        bench::write_number(body.data(), number);
        bool done = false;
        client.async_request(service, message{body}, [&](std::error_code ec, const message& reply) {
            if (ec)
                throw std::system_error{ec};
            bench::check_body(reply.front().data(), reply.front().size(), size, number);
            done = true;
        });
        while (!done)
            loop.run_one();
    });
}

void ask_blocking(const std::string& endpoint, std::size_t size, std::uint64_t count) {
    majordomo::blocking::client client;
    client.connect(endpoint);
    std::string body(size, 'x');
    bench::time_round_trips(count, [&](std::uint64_t number) {
        bench::write_number(body.data(), number);
        const message reply = client.request(service, message{body});
        bench::check_body(reply.front().data(), reply.front().size(), size, number);
    });
}

void run(std::span<char*> words) {
    const auto is = [&](std::string_view verb, std::size_t count) {
        return words.size() == count + 2 && words[1] == verb;
    };
    const auto number = [&](std::size_t at) {
        return bench::read_number<std::uint64_t>(words[at], 1);
    };
    bench::raise_descriptor_limit();
    if (is("broker", 1))
        return run_broker(words[2]);
    if (is("worker", 3))
        return run_workers(words[2], number(3), static_cast<std::uint32_t>(number(4)));
    if (is("client", 5))
        return bench::report_seconds(
            load{words[2], number(3), number(4), number(5), number(6)}.run());
    if (is("ask", 3))
        return ask(words[2], number(3), number(4));
    if (is("ask-blocking", 3))
        return ask_blocking(words[2], number(3), number(4));
    throw std::invalid_argument{
        "broker ENDPOINT | worker ENDPOINT WORKERS CREDIT | client ENDPOINT "
        "CLIENTS OUTSTANDING SIZE COUNT | ask[-blocking] ENDPOINT SIZE "
        "COUNT; a body has 8 octets or more"};
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_main([&] { run({argv, static_cast<std::size_t>(argc)}); });
}
