// A history of the Lazy Pirate, by its seed.
#include "histories.hpp"
#include "lazy_nodes.hpp"
#include "stage.hpp"

#include <memory>
#include <string>
#include <vector>

namespace mizzen::sim {
namespace {

constexpr milliseconds longest_keep{5000};

class lazy_run : stage {
public:
    explicit lazy_run(std::uint32_t seed) : stage{seed} {
        const std::size_t servers = 1 + in.draw(3);
        for (std::size_t i = 0; i < servers; ++i)
            add_server(i);
        const std::size_t clients = 1 + in.draw(4);
        for (std::size_t i = 0; i < clients; ++i)
            add_client();
    }

    made_of run() {
        play();
        for (const std::string& each : endpoints_)
            recovered(each);
        kill_all_behind(endpoints_.size());
        in.advance(longest_keep);
        for (const lazy_server* each : servers_)
            must(each->stats().running == 0 && each->stats().cached == 0 &&
                     each->stats().cached_octets == 0,
                 "nothing is kept once its time is over");
        return sum();
    }

private:
    void add_server(std::size_t i) {
        lazy_pirate::server_options options;
        if (in.draw(2) == 0)
            options.max_cached = in.draw(4);
        if (in.draw(3) == 0)
            options.max_cached_octets = 1 + in.draw(1000);
        if (in.draw(4) == 0)
            options.max_waiters = 1 + in.draw(2);
        options.keep = milliseconds{1 + in.draw(5) * 1000};
        const bool slow = in.draw(2) == 0;
        const handling handles{.longest = milliseconds{slow ? 300 : 5},
                               .fails_one_in = in.draw(4) == 0 ? std::size_t{5} : 0};
        // Enough of them that not all are taken by requests that were given up long ago.
        if (in.draw(2) == 0)
            options.max_running = (slow ? 8 : 1) + in.draw(3);
        endpoints_.push_back("server" + std::to_string(i));
        servers_.push_back(nullptr);
        add(false, [this, options, handles, i](host_id host) {
            auto made = std::make_unique<lazy_server>(in, host, options, endpoints_[i], handles,
                                                      book, total);
            servers_[i] = made.get();
            return made;
        });
    }

    void add_client() {
        lazy_pirate::client_options options = drawn_options(in);
        options.timeout = milliseconds{50 + in.draw(400)};
        asking asks{.requests = static_cast<int>(1 + in.draw(12)),
                    .at_once = static_cast<int>(1 + in.draw(4)),
                    .longest_pause = milliseconds{in.draw(100)}};
        // The handlers may fail, and tell it; who has no tag is not told, and goes on.
        const bool stubborn = !options.tagged && in.draw(3) == 0;
        if (stubborn) {
            options.timeout = milliseconds{500};
            options.retries = 1000;
            options.deadline = milliseconds{0};
            asks.cannot_fail = true;
        }
        const std::size_t known = 1 + in.draw(endpoints_.size());
        const std::vector<std::string> endpoints{
            endpoints_.begin(), endpoints_.begin() + static_cast<std::ptrdiff_t>(known)};
        add(stubborn, [this, options, endpoints, asks](host_id host) {
            return std::make_unique<lazy_client>(in, host, options, endpoints, asks, book, total);
        });
    }

    void recovered(const std::string& server) {
        lazy_pirate::client_options options;
        options.timeout = milliseconds{5000};
        options.tagged = in.draw(2) == 0;
        must_serve(std::make_unique<lazy_client>(
            in, in.add_host(), options, std::vector{server},
            asking{.requests = 3, .longest_pause = milliseconds{0}, .cannot_fail = true}, book,
            total));
    }

    std::vector<std::string> endpoints_;
    std::vector<lazy_server*> servers_;
};

} // namespace

made_of lazy_pirate_history(std::uint32_t seed) { return lazy_run{seed}.run(); }

} // namespace mizzen::sim
