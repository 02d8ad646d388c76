// Asks a REP one question over plain POSIX sockets: the wire layer, and nothing else of mizzen's.
//
//     req_over_posix HOST PORT BODY
//
// Prints the reply. Exit codes: 0 done, 1 failed, 2 usage. Needs neither exceptions nor RTTI.
#include <mizzen/zmtp/connection.hpp>

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

namespace zmtp = mizzen::zmtp;
using namespace std::chrono_literals;
using std::chrono::ceil, std::chrono::milliseconds, std::chrono::steady_clock;

namespace {

int failure(const char* what, const char* why) {
    std::fprintf(stderr, "req_over_posix: %s: %s\n", what, why);
    return 1;
}

/// A connected socket that never blocks, or -1 and the reason.
int connect_to(const char* host, const char* port, const char*& why) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int code = getaddrinfo(host, port, &hints, &found); code != 0)
        why = gai_strerror(code);
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner{found, &freeaddrinfo};
    for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
        const int fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
        if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen) == 0 &&
            fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
            return fd;
        why = std::strerror(errno);
        close(fd);
    }
    return -1;
}

/// A connection's pieces of memory as the system wants them, as many as fit.
template <class Octets> struct io_vector {
    explicit io_vector(std::span<const Octets> pieces) {
        for (const Octets& piece : pieces.first(std::min(pieces.size(), parts.size())))
            parts[count++] = {const_cast<std::byte*>(piece.data()), piece.size()};
    }
    std::array<iovec, 16> parts;
    std::size_t count = 0;
};

bool write_some(int fd, zmtp::connection& link) {
    const io_vector pieces{link.output()};
    const ssize_t size = writev(fd, pieces.parts.data(), static_cast<int>(pieces.count));
    if (size > 0)
        link.consume(static_cast<std::size_t>(size));
    return size >= 0;
}

bool read_some(int fd, zmtp::connection& link) {
    const io_vector room{link.prepare()};
    const ssize_t size = readv(fd, room.parts.data(), static_cast<int>(room.count));
    if (size > 0)
        link.commit(static_cast<std::size_t>(size), steady_clock::now());
    else if (size == 0)
        link.end_of_stream();
    return size >= 0;
}

/// Waits for the socket or for the connection's deadline, and does what is due first. False, with
/// errno set, when a call failed.
bool exchange(int fd, zmtp::connection& link) {
    const auto due = link.deadline(); // -1, to poll, is for ever
    const auto left = due ? std::max(ceil<milliseconds>(*due - steady_clock::now()), 0ms) : -1ms;
    pollfd ready{fd, static_cast<short>(link.output().empty() ? POLLIN : POLLIN | POLLOUT), 0};
    if (poll(&ready, 1, static_cast<int>(left.count())) < 0)
        return false;
    if (due && steady_clock::now() >= *due) // first, so that octets that trickle in win no time
        link.handle_timeout(steady_clock::now());
    else if (ready.revents & POLLOUT)
        return write_some(fd, link);
    else if (ready.revents != 0)
        return read_some(fd, link);
    return true;
}

/// Prints what is behind the empty part that ends a REP's envelope.
int print(const zmtp::message& reply) {
    if (reply.size() < 2 || !reply.front().empty())
        return failure("reply", "there is no empty part in front");
    for (std::size_t i = 1; i < reply.size(); ++i)
        std::fwrite(reply[i].data(), 1, reply[i].size(), stdout);
    return std::fflush(stdout) == 0 ? 0 : failure("output", std::strerror(errno));
}

int ask(int fd, zmtp::message request) {
    const zmtp::config config{.type = zmtp::socket_type::req,
                              .limit = {.handshake_time = 3s},
                              .beat = {.interval = 3s}}; // a peer that falls silent is noticed
    zmtp::connection link{zmtp::role::client, config, steady_clock::now()};
    zmtp::message reply;
    for (std::error_code ec;;) {
        switch (link.next_event(reply, ec)) {
        case zmtp::event::handshake_done: link.send(std::exchange(request, {}), ec); break;
        case zmtp::event::message: return print(reply);
        case zmtp::event::closed:
            write_some(fd, link); // perhaps an ERROR, for the peer to read
            return failure("connection", ec.message().c_str());
        default: // need_input: a REQ with NULL is told nothing else
            if (!exchange(fd, link) && errno != EINTR && errno != EAGAIN)
                return failure("socket", std::strerror(errno));
        }
    }
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fputs("usage: req_over_posix HOST PORT BODY\n", stderr);
        return 2;
    }
    std::signal(SIGPIPE, SIG_IGN); // a peer that went away is an error of writev

    zmtp::message request; // as a REQ sends it: an empty part, which ends the envelope; the body
    if (!request.try_push_back({}) || !request.try_push_back(zmtp::as_octets(argv[3])))
        return failure("request", "not enough memory");
    const char* why = "no address";
    const int fd = connect_to(argv[1], argv[2], why);
    if (fd < 0)
        return failure(argv[1], why);
    const int status = ask(fd, std::move(request));
    close(fd);
    return status;
}
