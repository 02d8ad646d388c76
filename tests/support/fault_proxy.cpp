// The proxy's thread, and what it does to each connection.
#include "fault_proxy.hpp"

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <list>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace mizzen::testing {
namespace {

using asio::ip::tcp;

constexpr std::size_t index_of(way which) { return which == way::there ? 0 : 1; }

// Both sides of one connection. Each way has a coroutine, which ends with it.
struct link {
    link(tcp::socket accepted, asio::io_context& io) : near{std::move(accepted)}, far{io} {}

    void cut() {
        for (tcp::socket* side : {&near, &far}) {
            std::error_code ignored;
            side->set_option(asio::socket_base::linger{true, 0}, ignored);
            side->close(ignored);
        }
    }

    tcp::socket near;
    tcp::socket far;
    std::array<std::uint64_t, 2> passed{};
};
using link_ptr = std::shared_ptr<link>;

} // namespace

class fault_proxy::network {
public:
    explicit network(std::string_view target)
        : target_{asio::ip::make_address("127.0.0.1"),
                  static_cast<asio::ip::port_type>(
                      std::stoul(std::string{target.substr(target.rfind(':') + 1)}))},
          acceptor_{io_, {asio::ip::make_address("127.0.0.1"), 0}}, gate_{io_} {
        gate_.expires_at(std::chrono::steady_clock::time_point::max());
        asio::co_spawn(io_, accept(), asio::detached);
        thread_ = std::thread{[this] { io_.run(); }};
    }
    ~network() {
        io_.stop();
        thread_.join();
    }
    network(const network&) = delete;
    network& operator=(const network&) = delete;

    asio::io_context& io() { return io_; }
    std::string endpoint() const {
        return "tcp://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
    }
    void cut() {
        for (const auto& each : std::exchange(links_, {}))
            each->cut();
    }
    void resume() {
        silent = false;
        gate_.cancel(); // whoever waits there looks again
    }

    bool silent = false;
    bool refuses = false;
    bool trickles = false;
    std::chrono::milliseconds pause{0};
    std::array<std::uint64_t, 2> to_lose{};
    std::array<std::uint64_t, 2> cut_at{};
    std::atomic<std::uint64_t> connections = 0;
    std::atomic<std::uint64_t> open = 0;
    std::array<std::atomic<std::uint64_t>, 2> passed{};

private:
    asio::awaitable<void> accept() {
        for (;;) {
            std::error_code ec;
            tcp::socket peer =
                co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, ec));
            if (ec)
                continue;
            ++connections;
            auto made = std::make_shared<link>(std::move(peer), io_);
            if (refuses)
                made->cut();
            else
                asio::co_spawn(io_, carry(std::move(made)), asio::detached);
        }
    }

    asio::awaitable<void> carry(link_ptr made) {
        co_await pass_gate();
        std::error_code ec;
        co_await made->far.async_connect(target_, asio::redirect_error(asio::use_awaitable, ec));
        if (ec) {
            made->cut();
            co_return;
        }
        made->near.set_option(tcp::no_delay{true}, ec);
        made->far.set_option(tcp::no_delay{true}, ec);
        ++open;
        links_.push_back(made);
        asio::co_spawn(io_, pass(made, way::back), asio::detached);
        co_await pass(made, way::there);
    }

    asio::awaitable<void> pass_gate() {
        while (silent) {
            std::error_code cancelled;
            co_await gate_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
        }
    }

    // Until one side closes: then the other one is closed as well, once it has what came.
    asio::awaitable<void> pass(link_ptr over, way which) {
        const std::size_t index = index_of(which);
        tcp::socket& from = which == way::there ? over->near : over->far;
        tcp::socket& to = which == way::there ? over->far : over->near;
        std::vector<char> piece(64 * 1024);
        std::error_code ec;
        while (!ec) {
            co_await pass_gate();
            const std::size_t most = trickles ? 1 : piece.size();
            std::size_t size = co_await from.async_read_some(
                asio::buffer(piece.data(), most), asio::redirect_error(asio::use_awaitable, ec));
            if (ec)
                break;
            if (pause.count() != 0) {
                asio::steady_timer later{io_, pause};
                co_await later.async_wait(asio::use_awaitable);
            }
            co_await pass_gate();
            size = keep(*over, index, piece, size);
            // Now, since the place may be another one once this is written, and the rest is lost.
            const bool ends = cut_at[index] != 0 && over->passed[index] >= cut_at[index];
            co_await asio::async_write(to, asio::buffer(piece.data(), size),
                                       asio::redirect_error(asio::use_awaitable, ec));
            if (!ec)
                passed[index] += size;
            if (ends)
                over->cut();
        }
        // Silence is silent about this, too.
        co_await pass_gate();
        std::error_code ignored;
        to.shutdown(asio::socket_base::shutdown_send, ignored);
        if (which == way::there) {
            --open;
            links_.remove(over);
        }
    }

    // How much of the piece is passed on, moved to its front.
    std::size_t keep(link& over, std::size_t index, std::vector<char>& piece, std::size_t size) {
        const auto lost = static_cast<std::size_t>(std::min<std::uint64_t>(to_lose[index], size));
        to_lose[index] -= lost;
        std::copy(piece.begin() + static_cast<std::ptrdiff_t>(lost),
                  piece.begin() + static_cast<std::ptrdiff_t>(size), piece.begin());
        size -= lost;
        if (cut_at[index] != 0 && cut_at[index] > over.passed[index])
            size = static_cast<std::size_t>(
                std::min<std::uint64_t>(size, cut_at[index] - over.passed[index]));
        over.passed[index] += size;
        return size;
    }

    asio::io_context io_;
    tcp::endpoint target_;
    tcp::acceptor acceptor_;
    asio::steady_timer gate_; // never expires
    std::list<link_ptr> links_;
    std::thread thread_;
};

fault_proxy::fault_proxy(std::string_view target) : network_{std::make_unique<network>(target)} {}
fault_proxy::~fault_proxy() = default;

std::string fault_proxy::endpoint() const { return network_->endpoint(); }

// On the proxy's thread, and done when this returns.
void fault_proxy::ask(const std::function<void(network&)>& what) {
    std::promise<void> done;
    asio::post(network_->io(), [&] {
        what(*network_);
        done.set_value();
    });
    done.get_future().wait();
}

void fault_proxy::silence() {
    ask([](network& n) { n.silent = true; });
}
void fault_proxy::resume() {
    ask([](network& n) { n.resume(); });
}
void fault_proxy::lose(way which, std::uint64_t octets) {
    ask([&](network& n) { n.to_lose[index_of(which)] = octets; });
}
void fault_proxy::delay(std::chrono::milliseconds time) {
    ask([&](network& n) { n.pause = time; });
}
void fault_proxy::trickle(bool on) {
    ask([&](network& n) { n.trickles = on; });
}
void fault_proxy::cut() {
    ask([](network& n) { n.cut(); });
}
void fault_proxy::cut_after(way which, std::uint64_t octets) {
    ask([&](network& n) { n.cut_at[index_of(which)] = octets; });
}
void fault_proxy::refuse(bool on) {
    ask([&](network& n) { n.refuses = on; });
}

std::uint64_t fault_proxy::connections() const { return network_->connections; }
std::uint64_t fault_proxy::open() const { return network_->open; }
std::uint64_t fault_proxy::passed(way which) const { return network_->passed[index_of(which)]; }

} // namespace mizzen::testing
