// Two pairs of sockets in one process, on one loop or on two, a thread each: what a core adds.
#include "ours_stream.hpp"
#include <mizzen/pull.hpp>
#include <mizzen/push.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t pairs = 2;

/// A PUSH and a PULL on one loop, over TCP.
struct pair_of_sockets {
    mizzen::push sender;
    mizzen::pull receiver;
    bench::interval took;

    explicit pair_of_sockets(asio::io_context& loop) : sender{loop}, receiver{loop} {
        bench::set_options(sender);
        bench::set_options(receiver);
        sender.connect(receiver.bind("tcp://127.0.0.1:*"));
    }
};

/// From the first message of any pair to the last of all.
void report(const std::deque<pair_of_sockets>& all) {
    bench::interval took = all.front().took;
    for (const pair_of_sockets& each : all) {
        took.first = std::min(took.first, each.took.first);
        took.last = std::max(took.last, each.took.last);
    }
    bench::report_seconds(took.seconds());
}

void run(std::size_t loops, std::size_t size, std::uint64_t count) {
    std::deque<asio::io_context> each_loop;
    std::deque<pair_of_sockets> all;
    for (std::size_t i = 0; i < loops; ++i)
        each_loop.emplace_back(1);
    for (std::size_t i = 0; i < pairs; ++i) {
        asio::io_context& loop = each_loop[i % loops];
        pair_of_sockets& made = all.emplace_back(loop);
        asio::co_spawn(loop, bench::send_all(made.sender, size, count / pairs), bench::rethrow);
        asio::co_spawn(loop, bench::receive_all(made.receiver, size, count / pairs, made.took),
                       bench::rethrow);
    }
    std::vector<std::thread> threads;
    threads.reserve(loops);
    for (asio::io_context& loop : each_loop)
        threads.emplace_back([&] { bench::end_on_error([&] { loop.run(); }); });
    for (std::thread& each : threads)
        each.join();
    report(all);
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: %s LOOPS SIZE COUNT\n", argv[0]);
        return 2;
    }
    return bench::run_main([&] {
        run(bench::read_number<std::size_t>(argv[1], 1),
            bench::read_number<std::size_t>(argv[2], sizeof(std::uint64_t)),
            bench::read_number<std::uint64_t>(argv[3], 2 * pairs));
    });
}
