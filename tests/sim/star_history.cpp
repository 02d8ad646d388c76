// A history of a Binary Star, by its seed.
#include "histories.hpp"
#include "lazy_nodes.hpp"
#include "stage.hpp"
#include "star_nodes.hpp"
#include <mizzen/patterns/binary_star/client.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace mizzen::sim {
namespace {

using binary_star::role;
using binary_star::state;

class history : stage {
public:
    explicit history(std::uint32_t seed) : stage{seed}, one_network_{in.draw(2) == 0} {
        shared_ = in.add_host();
        add_half(0);
        add_half(1);
        const std::size_t clients = 1 + in.draw(4);
        for (std::size_t i = 0; i < clients; ++i)
            add_client();
    }

    made_of run() {
        play();
        must_serve(client(in.add_host(), 3));
        int active = 0;
        int passive = 0;
        for (const star_half* each : halves_) {
            active += int{each->core().now_in().in == state::active};
            passive += int{each->core().now_in().in == state::passive};
        }
        must(active == 1 && passive == 1, "the pair settles: one serves, the other stands by");
        return sum();
    }

private:
    // On one network what cuts a half off from its peer cuts it off from clients as well.
    void add_half(std::size_t i) {
        binary_star::star_options options;
        options.half = i == 0 ? role::primary : role::backup;
        options.heartbeat = milliseconds{100};
        options.peer_timeout = milliseconds{300};
        const std::array<std::string, 2> names{"primary", "backup"};
        const star_half::names at{names[i], names[i] + "-link", names[1 - i] + "-link"};
        add(false, [this, options, at, i](host_id host) {
            auto made = std::make_unique<star_half>(in, one_network_ ? shared_ : host, options, at,
                                                    handling{.longest = milliseconds{20}}, book,
                                                    [this, i] { served(i); });
            halves_[i] = made.get();
            return made;
        });
    }

    void served(std::size_t by) {
        // The other one's process may be dead: then it is not what serves.
        const place& other = places[1 - by];
        if (one_network_ && other.running)
            must(!halves_[1 - by]->serves_now(), "only one half serves");
    }

    std::unique_ptr<lazy_client> client(host_id host, int requests) {
        binary_star::client_options options;
        options.timeout = milliseconds{200};
        options.settle = milliseconds{300};
        options.retries = 1000;
        return std::make_unique<lazy_client>(
            in, host, binary_star::lazy_options(options),
            std::vector<std::string>{"primary", "backup"},
            asking{.requests = requests, .longest_pause = milliseconds{100}, .cannot_fail = true},
            book, total);
    }
    void add_client() {
        const int requests = static_cast<int>(1 + in.draw(12));
        add(true, [this, requests](host_id host) { return client(host, requests); });
    }

    bool one_network_;
    host_id shared_ = 0;
    std::array<star_half*, 2> halves_{};
};

} // namespace

made_of binary_star_history(std::uint32_t seed) { return history{seed}.run(); }

} // namespace mizzen::sim
