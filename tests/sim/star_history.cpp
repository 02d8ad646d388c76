// A history of a Binary Star, by its seed.
#include "histories.hpp"
#include "lazy_nodes.hpp"
#include "stage.hpp"
#include "star_nodes.hpp"
#include "star_ways.hpp"
#include <mizzen/patterns/binary_star/client.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace mizzen::sim {
namespace {

using binary_star::reason;
using binary_star::role;
using binary_star::state;

constexpr milliseconds heartbeat{100};
constexpr milliseconds peer_timeout{300};
constexpr milliseconds client_timeout{200};
constexpr milliseconds settle = peer_timeout;
constexpr milliseconds on_the_way{50}; // there and back, at most, where nothing is delayed
const std::array<std::string, 2> names{"primary", "backup"};

class star_run : stage {
public:
    explicit star_run(std::uint32_t seed)
        : stage{seed}, how_{static_cast<layout>(in.draw(4))}, ways_{in, how_} {
        trouble.cut_ways = [this](milliseconds longest) { ways_.break_something(longest); };
        trouble.heal_ways = [this] { ways_.heal_all(); };
        add_half(0);
        add_half(1);
        const std::size_t clients = 1 + in.draw(4);
        for (std::size_t i = 0; i < clients; ++i)
            add_client();
    }

    made_of run() {
        play();
        must_serve(client(in.add_host(), 3));
        must_have_settled();
        must_fail_over();
        return sum();
    }

private:
    void add_half(std::size_t i) {
        binary_star::star_options options;
        options.half = i == 0 ? role::primary : role::backup;
        options.heartbeat = heartbeat;
        options.peer_timeout = peer_timeout;
        options.fenced = how_ == layout::fenced;
        std::vector<star_half::link> links;
        std::vector<host_id> also;
        for (std::size_t at = 0; at < (how_ == layout::two_links ? 2U : 1U); ++at) {
            const std::string name = "-link" + std::to_string(at);
            links.push_back({ways_.link(i, at), names[i] + name, names[1 - i] + name});
            also.push_back(ways_.link(i, at));
        }
        add(
            false,
            [this, options, links, i](host_id host) {
                auto made = std::make_unique<star_half>(
                    in, host, options, names[i], links, handling{.longest = milliseconds{20}}, book,
                    star_half::hooks{[this, i] { served(i); },
                                     [this, i](reason why) { return fence(i, why); }});
                halves_[i] = made.get();
                return made;
            },
            also);
        ways_.set_half(i, places[i].host);
    }

    void served(std::size_t by) {
        // The other one's process may be dead, or not run: then it is not what serves.
        const std::size_t other = 1 - by;
        if (how_ == layout::unsafe || !places[other].running || places[other].suspended)
            return;
        if (how_ == layout::one_network && (ways_.is_cut_off(by) || ways_.is_cut_off(other)))
            return; // and clients are not served by it either
        must(!halves_[other]->serves_now(), "only one half serves");
    }

    // Cuts the other one's power, if there may be need.
    bool fence(std::size_t by, reason why) {
        if (!fence_is_sure_ && in.draw(4) == 0)
            return false;
        place& other = places[1 - by];
        if (why == reason::peer_started || !other.running)
            return true;
        trouble.kill(other);
        in.at(in.now() + milliseconds{1 + in.draw(300)}, [this, &other] { trouble.start(other); });
        return true;
    }

    void must_have_settled() {
        int active = 0;
        int passive = 0;
        for (const star_half* each : halves_) {
            active += int{each->core().now_in().in == state::active};
            passive += int{each->core().now_in().in == state::passive};
        }
        must(active == 1 && passive == 1, "the pair settles: one serves, the other stands by");
    }

    // Each half dies once while it is active, and a client that it served asks.
    void must_fail_over() {
        fence_is_sure_ = true;
        const milliseconds bound =
            client_timeout + settle + on_the_way +
            (how_ == layout::fenced ? star_half::longest_fence : milliseconds{0});
        const auto asks = client(in.add_host(), 1);
        in.advance(milliseconds{2000});
        for (std::size_t i = 0; i < halves_.size(); ++i) {
            const std::size_t active = halves_[0]->core().now_in().in == state::active ? 0U : 1U;
            in.advance(milliseconds{in.draw(200)}); // between any two words
            trouble.kill(places[active]);
            in.advance(milliseconds{in.draw(3) == 0 ? in.draw(1000) : 0});
            const time_point asked = in.now();
            asks->ask_one_more();
            while (!asks->idle() && in.now() < asked + milliseconds{5000})
                in.advance(milliseconds{1});
            must(asks->idle() && in.now() <= asked + bound,
                 "after a death a client that asks is served within its time-out, its settling and "
                 "what the fence takes");
            trouble.start(places[active]);
            in.advance(milliseconds{2000});
            must_have_settled();
        }
    }

    std::unique_ptr<lazy_client> client(host_id host, int requests) {
        binary_star::client_options options;
        options.timeout = client_timeout;
        options.settle = settle;
        options.retries = 1000;
        std::vector<std::string> endpoints{names[0], names[1]};
        if (in.draw(3) == 0)
            std::swap(endpoints[0], endpoints[1]);
        return std::make_unique<lazy_client>(
            in, host, binary_star::lazy_options(options), endpoints,
            asking{.requests = requests, .longest_pause = milliseconds{100}, .cannot_fail = true},
            book, total);
    }
    void add_client() {
        const int requests = static_cast<int>(1 + in.draw(40));
        add(true, [this, requests](host_id host) { return client(host, requests); });
        ways_.add_client(places.back().host);
    }

    layout how_;
    star_ways ways_;
    std::array<star_half*, 2> halves_{};
    bool fence_is_sure_ = false;
};

} // namespace

made_of binary_star_history(std::uint32_t seed) { return star_run{seed}.run(); }

} // namespace mizzen::sim
