// A client that asks all the time while its servers come and go, and says for how long it had no
// reply.
#include "side_by_side.hpp"
#include <mizzen/message.hpp>
#include <mizzen/patterns/binary_star/client.hpp>
#include <mizzen/patterns/freelance/client.hpp>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/read_until.hpp>
#include <asio/streambuf.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace {

using mizzen::message;
using std::chrono::milliseconds;
using clock_type = std::chrono::steady_clock;

// At each line of stdin: the longest time between two replies since the last line, and how many
// requests had none. One reply may have been on its way when something happened: the third one
// after the line comes after all that.
template <class Client> class asker {
public:
    asker(asio::io_context& loop, Client& client)
        : loop_{loop}, client_{client}, input_{loop, ::dup(STDIN_FILENO)} {}

    void run() {
        ask();
        listen();
        loop_.run();
    }

private:
    static constexpr int after_the_line = 3;
    static constexpr std::size_t size = 16;

    void listen() {
        asio::async_read_until(input_, line_, '\n', [this](std::error_code ec, std::size_t octets) {
            if (ec)
                return loop_.stop();
            line_.consume(octets);
            until_report_ = after_the_line;
            listen();
        });
    }
    void ask() {
        bench::write_number(body_.data(), ++number_);
        client_.async_request(message{body_},
                              [this](std::error_code ec, const message& m) { took(ec, m); });
    }
    void took(std::error_code ec, const message& reply) {
        if (ec) {
            ++lost_;
        } else {
            bench::check_body(reply[0].data(), reply[0].size(), size, number_);
            const auto now = clock_type::now();
            longest_ = std::max(longest_, now - last_);
            last_ = now;
            if (until_report_ != 0 && --until_report_ == 0)
                report();
        }
        ask();
    }
    void report() {
        std::printf("%.3f milliseconds\n%llu lost\n",
                    std::chrono::duration<double, std::milli>(longest_).count(),
                    static_cast<unsigned long long>(lost_));
        std::fflush(stdout);
        longest_ = {};
        lost_ = 0;
    }

    asio::io_context& loop_;
    Client& client_;
    asio::posix::stream_descriptor input_;
    asio::streambuf line_;
    std::string body_ = std::string(size, 'x');
    std::uint64_t number_ = 0;
    std::uint64_t lost_ = 0;
    int until_report_ = 0;
    clock_type::time_point last_ = clock_type::now();
    clock_type::duration longest_{};
};

template <class Client>
void run_client(asio::io_context& loop, Client& client, std::span<char*> endpoints) {
    for (const char* each : endpoints)
        client.connect(each);
    asker<Client>{loop, client}.run();
}

void run(std::span<char*> words) {
    const std::string_view verb{words.size() > 3 ? words[1] : ""};
    const auto time = [&](std::size_t at) {
        return milliseconds{bench::read_number<int>(words[at], 1)};
    };
    asio::io_context loop{1};
    if (verb == "star" && words.size() == 6) {
        mizzen::binary_star::client_options options;
        options.timeout = time(2);
        options.settle = time(3);
        mizzen::binary_star::client client{loop, options};
        return run_client(loop, client, words.subspan(4));
    }
    if (verb == "freelance") {
        mizzen::freelance::client_options options;
        options.another_after = time(2);
        mizzen::freelance::client client{loop, options};
        return run_client(loop, client, words.subspan(3));
    }
    throw std::invalid_argument{"star TIMEOUT-MS SETTLE-MS ENDPOINT ENDPOINT | freelance "
                                "ANOTHER-AFTER-MS ENDPOINT..."};
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_main([&] { run({argv, static_cast<std::size_t>(argc)}); });
}
