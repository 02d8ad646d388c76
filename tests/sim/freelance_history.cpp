// A history of Freelance, by its seed.
#include "freelance_nodes.hpp"
#include "histories.hpp"
#include "stage.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mizzen::sim {
namespace {

using freelance::model;

constexpr milliseconds on_the_way{50}; // there and back, at most, where nothing is delayed

class freelance_run : stage {
public:
    explicit freelance_run(std::uint32_t seed)
        : stage{seed}, how_{in.draw(3) == 0 ? model::shotgun : model::complex},
          all_well_{in.draw(2) == 0} {
        const std::size_t servers = 1 + in.draw(4);
        safe_ = in.draw(servers);
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
        for (const freelance_server* each : servers_)
            must(each->stats().running == 0 && each->stats().waiting == 0 &&
                     each->stats().waiting_octets == 0,
                 "nothing is kept of whoever is gone");
        return sum();
    }

private:
    void add_server(std::size_t i) {
        freelance::server_options options;
        options.how = how_;
        const bool safe = all_well_ && i == safe_;
        handling handles{.longest = milliseconds{in.draw(2) == 0 ? 300 : 5}, .fails_one_in = 0};
        if (safe)
            longest_ = handles.longest;
        if (!all_well_) { // those that ask are then told of it
            handles.fails_one_in = in.draw(3) == 0 ? 5 : 0;
            if (in.draw(2) == 0)
                options.max_running = 1 + in.draw(3);
            if (in.draw(3) == 0)
                options.max_waiting = in.draw(4);
        }
        endpoints_.push_back("server" + std::to_string(i));
        servers_.push_back(nullptr);
        add(safe, [this, options, handles, i](host_id host) {
            auto made = std::make_unique<freelance_server>(in, host, options, endpoints_[i],
                                                           handles, book, total);
            servers_[i] = made.get();
            return made;
        });
    }

    [[nodiscard]] freelance::client_options drawn_options() {
        freelance::client_options options;
        options.how = how_;
        options.timeout = milliseconds{100 + in.draw(2000)};
        options.another_after = milliseconds{in.draw(4) == 0 ? 0 : 20 + in.draw(300)};
        options.hedge = in.draw(3) == 0;
        options.prefer =
            in.draw(2) == 0 ? freelance::preference::order : freelance::preference::latency;
        options.ping = milliseconds{50 + in.draw(100)};
        options.ttl = options.ping * 3;
        return options;
    }

    void add_client() {
        freelance::client_options options = drawn_options();
        asking asks{.requests = static_cast<int>(1 + in.draw(15)),
                    .at_once = static_cast<int>(1 + in.draw(4)),
                    .longest_pause = milliseconds{in.draw(100)}};
        options.max_outstanding = static_cast<std::size_t>(asks.at_once) + in.draw(3);
        std::optional<promise> promised;
        std::vector<std::string> endpoints = endpoints_;
        if (all_well_ && in.draw(2) == 0) {
            options.timeout = milliseconds{60'000};
            if (options.another_after == milliseconds{0})
                options.another_after = milliseconds{100};
            asks.cannot_fail = true;
            promised = promise{.server = safe_, .answer = bound(options)};
        } else {
            endpoints.resize(1 + in.draw(endpoints_.size()));
        }
        add(promised.has_value(), [this, options, endpoints, asks, promised](host_id host) {
            return std::make_unique<freelance_client>(in, host, options, endpoints, asks, promised,
                                                      book, total);
        });
    }

    /// As the README has it.
    [[nodiscard]] milliseconds bound(const freelance::client_options& options) const {
        const auto count = static_cast<int>(endpoints_.size());
        const milliseconds turns =
            how_ == model::complex ? options.another_after * count : milliseconds{0};
        return turns + longest_ + on_the_way;
    }

    void recovered(const std::string& server) {
        freelance::client_options options = drawn_options();
        options.timeout = milliseconds{5000};
        must_serve(std::make_unique<freelance_client>(
            in, in.add_host(), options, std::vector{server},
            asking{.requests = 3, .longest_pause = milliseconds{0}, .cannot_fail = true},
            std::nullopt, book, total));
    }

    model how_;
    bool all_well_; // handlers do not fail, there is room for all, and one server is safe
    std::size_t safe_ = 0;
    milliseconds longest_{0};
    std::vector<std::string> endpoints_;
    std::vector<freelance_server*> servers_;
};

} // namespace

made_of freelance_history(std::uint32_t seed) { return freelance_run{seed}.run(); }

} // namespace mizzen::sim
