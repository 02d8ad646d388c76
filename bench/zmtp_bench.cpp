// The wire layer alone: encoding, decoding, and two connections that hand each other octets.
#include <mizzen/zmtp/connection.hpp>
#include <mizzen/zmtp/frame_decoder.hpp>
#include <mizzen/zmtp/frame_encoder.hpp>
#include <mizzen/zmtp/frame_header.hpp>
#include <mizzen/zmtp/null.hpp>
#include <mizzen/zmtp/plain.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace {

using namespace mizzen::zmtp;

const config defaults; // 64 KiB a read, 64 KiB a write
const time_point now{};

void sizes(benchmark::internal::Benchmark* of) {
    for (const std::int64_t size : {16, 64, 256, 1024, 4096, 64 * 1024, 1024 * 1024})
        of->Arg(size);
}

std::size_t body_size(const benchmark::State& state) {
    return static_cast<std::size_t>(state.range(0));
}

void count(benchmark::State& state, std::int64_t messages) {
    state.SetItemsProcessed(messages);
    state.SetBytesProcessed(messages * state.range(0));
}

/// Writes all that is in `from` to nowhere.
bool drop_output(frame_encoder& from) {
    while (!from.output().empty()) {
        std::size_t size = 0;
        for (const octets span : from.output()) {
            benchmark::DoNotOptimize(span.data());
            size += span.size();
        }
        if (!from.consume(size))
            return false;
    }
    return true;
}

/// The frames of as many messages as fill a read, at least one.
struct stream {
    std::vector<std::byte> frames;
    std::int64_t messages = 0;

    explicit stream(std::size_t body) {
        while (messages == 0 || frames.size() + max_frame_header + body <= defaults.read_block) {
            std::byte header[max_frame_header];
            const std::size_t size = encode_frame_header(header, 0, body);
            frames.insert(frames.end(), header, header + size);
            frames.resize(frames.size() + body);
            ++messages;
        }
    }
};

/// Puts the front of `data` where `to` wants it, and returns how many octets that were.
std::size_t fill(auto& to, octets data) {
    std::size_t size = 0;
    for (const std::span<std::byte> room : to.prepare()) {
        const octets piece = data.subspan(size).first(std::min(room.size(), data.size() - size));
        std::copy(piece.begin(), piece.end(), room.begin());
        size += piece.size();
    }
    return size;
}

// A message is shared with the encoder, so that making it costs next to nothing.
void encode(benchmark::State& state) {
    frame_encoder encoder{*defaults.memory, defaults.write_batch};
    const message sent{std::string(body_size(state), 'x')};
    for ([[maybe_unused]] auto _ : state) {
        if ((!encoder.can_send() && !drop_output(encoder)) || !encoder.send(sent.share()))
            return state.SkipWithError("no memory");
    }
    count(state, state.iterations());
}
BENCHMARK(encode)->Apply(sizes);

// With the copy that a read from a socket would be.
void decode(benchmark::State& state) {
    frame_decoder decoder{*defaults.memory, defaults.read_block};
    const stream input{body_size(state)};
    std::int64_t messages = 0;
    std::error_code ec;
    for ([[maybe_unused]] auto _ : state) {
        octets left{input.frames};
        while (!left.empty()) {
            const std::size_t size = fill(decoder, left);
            decoder.commit(size);
            left = left.subspan(size);
            for (message m; decoder.next(m, defaults.limit, ec) == frame_decoder::result::message;
                 m.clear()) {
                benchmark::DoNotOptimize(m);
                ++messages;
            }
        }
    }
    if (ec || messages != static_cast<std::int64_t>(state.iterations()) * input.messages)
        return state.SkipWithError("not all messages came");
    count(state, messages);
}
BENCHMARK(decode)->Apply(sizes);

/// Hands over what `from` has to say and returns how many messages that was.
std::int64_t carry(connection& from, connection& to) {
    std::int64_t messages = 0;
    std::error_code ec;
    message m;
    while (!from.output().empty()) {
        octets left = from.output().front();
        const std::size_t all = left.size();
        while (!left.empty() && to.is_open()) {
            const std::size_t size = fill(to, left);
            to.commit(size, now);
            left = left.subspan(size);
            for (event e = to.next_event(m, ec); e == event::message || e == event::handshake_done;
                 e = to.next_event(m, ec)) {
                messages += e == event::message ? 1 : 0;
                m.clear();
            }
        }
        from.consume(all);
    }
    return messages;
}

// A batch is sent, carried over and received, as on a busy connection.
void pair(benchmark::State& state) {
    connection client{role::client, defaults, now};
    connection server{role::server, defaults, now};
    for (int i = 0; i < 3; ++i) {
        carry(client, server);
        carry(server, client);
    }
    const std::string body(body_size(state), 'x');
    std::int64_t sent = 0;
    std::int64_t received = 0;
    std::error_code ec;
    for ([[maybe_unused]] auto _ : state) {
        for (; client.can_send(); ++sent) {
            message m{body};
            client.send(std::move(m), ec);
        }
        received += carry(client, server);
    }
    if (sent == 0 || sent != received)
        return state.SkipWithError("not all messages came");
    count(state, received);
}
BENCHMARK(pair)->Apply(sizes);

// Both ends from nothing to the first message that could be sent, without a wire between them.
void handshake_with(benchmark::State& state, const security& mechanism) {
    config cfg;
    cfg.mechanism = &mechanism;
    std::error_code ec;
    for ([[maybe_unused]] auto _ : state) {
        connection client{role::client, cfg, now};
        connection server{role::server, cfg, now};
        while (!client.handshake_done() || !server.handshake_done()) {
            carry(client, server);
            if (!server.credentials().empty())
                server.authenticate(verdict::accepted, now, ec);
            carry(server, client);
            if (!client.is_open() || !server.is_open())
                return state.SkipWithError("the handshake failed");
        }
    }
    state.SetItemsProcessed(state.iterations());
}
void handshake_null(benchmark::State& state) { handshake_with(state, default_security()); }
BENCHMARK(handshake_null);
void handshake_plain(benchmark::State& state) {
    const plain_security secret{"user", "password"};
    handshake_with(state, secret);
}
BENCHMARK(handshake_plain);

} // namespace

BENCHMARK_MAIN();
