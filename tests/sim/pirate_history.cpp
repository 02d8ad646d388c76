// A history of the Simple or the Paranoid Pirate, by its seed.
#include "histories.hpp"
#include "lazy_nodes.hpp"
#include "pirate_nodes.hpp"
#include "stage.hpp"

#include <memory>
#include <string>
#include <vector>

namespace mizzen::sim {
namespace {

using paranoid_pirate::protocol;

const std::vector<std::string> queues{"front"};

class pirate_run : stage {
public:
    pirate_run(std::uint32_t seed, protocol how)
        : stage{seed}, kind_{static_cast<kind>(in.draw(3))} {
        queue_.speaks = how;
        choose();
        book.runs_a_sending = 1 + queue_.redeliveries;
        add(kind_ == kind::kept, [this](host_id host) {
            auto made = std::make_unique<pirate_queue>(in, host, queue_, "front", "back", total);
            at_queue_ = made.get();
            return made;
        });
        const std::size_t workers = 1 + in.draw(4);
        for (std::size_t i = 0; i < workers; ++i)
            add_worker(kind_ == kind::kept && i == 0);
        const std::size_t clients = 1 + in.draw(4);
        for (std::size_t i = 0; i < clients; ++i)
            add_client(kind_ == kind::kept && i == 0);
        if (in.draw(2) == 0)
            add_greedy_client();
    }

    made_of run() {
        play();
        must(at_queue_->stats().waiting == 0 && at_queue_->stats().dispatched == 0,
             "the queue keeps no request that has ended");
        recovered();
        bury();
        return sum();
    }

private:
    enum class kind : std::uint8_t {
        any,        ///< Everything may happen to everybody.
        kept,       ///< Queue, one client and one worker are safe: that client is always answered.
        never_again ///< No redelivery, and clients do not try again: nothing runs twice.
    };

    void choose() {
        queue_.heartbeat = milliseconds{20 + in.draw(80)};
        queue_.liveness = 2 + static_cast<int>(in.draw(3));
        queue_.redeliveries = static_cast<int>(in.draw(4));
        queue_.request_timeout = milliseconds{in.draw(3) == 0 ? 0 : 150 + in.draw(1000)};
        queue_.request_expiry = milliseconds{200 + in.draw(2000)};
        if (kind_ == kind::never_again)
            queue_.redeliveries = 0;
        if (kind_ == kind::kept) {
            queue_.redeliveries = 1000;
            queue_.request_expiry = milliseconds{0};
        }
        if (in.draw(3) == 0)
            queue_.max_waiting = 1 + in.draw(4);
        if (in.draw(4) == 0)
            queue_.max_waiting_octets = 1 + in.draw(2000);
        if (in.draw(3) != 0)
            queue_.max_waiting_per_client = 1 + in.draw(4);
    }

    void add_worker(bool is_safe) {
        paranoid_pirate::worker_options options;
        options.speaks = queue_.speaks;
        options.heartbeat = queue_.heartbeat;
        options.liveness = queue_.liveness;
        options.reconnect = milliseconds{20};
        options.reconnect_max = milliseconds{500};
        handling handles{.longest = milliseconds{in.draw(2) == 0 ? 5 : 300}};
        if (kind_ != kind::kept && in.draw(4) == 0)
            handles.fails_one_in = 5;
        add(is_safe, [this, options, handles](host_id host) {
            return std::make_unique<pirate_worker>(in, host, options, "back", handles, book);
        });
    }

    void add_client(bool is_safe) {
        lazy_pirate::client_options options = drawn_options(in);
        options.timeout = milliseconds{100 + in.draw(1000)};
        if (kind_ == kind::never_again)
            options.retries = 0;
        asking asks{.requests = static_cast<int>(1 + in.draw(12)),
                    .at_once = static_cast<int>(1 + in.draw(4)),
                    .longest_pause = milliseconds{in.draw(100)},
                    .cannot_fail = is_safe};
        if (is_safe) {
            options.timeout = milliseconds{100'000};
            options.deadline = milliseconds{0};
        }
        add(is_safe, [this, options, asks](host_id host) {
            return std::make_unique<lazy_client>(in, host, options, queues, asks, book, total);
        });
    }

    void add_greedy_client() {
        const asking asks{.requests = static_cast<int>(1 + in.draw(80)),
                          .at_once = static_cast<int>(1 + in.draw(40)),
                          .longest_pause = milliseconds{in.draw(50)}};
        const milliseconds patience{200 + in.draw(1000)};
        add(false, [this, asks, patience](host_id host) {
            return std::make_unique<greedy_client>(in, host, patience, "front", asks, book, total);
        });
    }

    void recovered() {
        lazy_pirate::client_options options;
        options.timeout = milliseconds{5000};
        options.tagged = in.draw(2) == 0;
        must_serve(std::make_unique<lazy_client>(
            in, in.add_host(), options, queues,
            asking{.requests = 3, .longest_pause = milliseconds{0}, .cannot_fail = true}, book,
            total));
    }

    // Everybody goes; somebody else asks, and goes as well.
    void bury() {
        kill_all_behind(1);
        const paranoid_pirate::queue_stats& stats = at_queue_->stats();
        auto last = std::make_unique<lazy_client>(in, in.add_host(), lazy_pirate::client_options{},
                                                  queues, asking{.requests = 1}, book, total);
        in.advance(milliseconds{120});
        last.reset();
        in.advance(milliseconds{60});
        must(stats.clients == 0 && stats.workers == 0, "of peers that are gone nothing is kept");
        must(stats.waiting == 0 && stats.waiting_octets == 0 && stats.dispatched == 0,
             "of requests whose clients are gone nothing is kept");
    }

    kind kind_;
    paranoid_pirate::queue_options queue_;
    pirate_queue* at_queue_ = nullptr;
};

} // namespace

made_of simple_pirate_history(std::uint32_t seed) {
    return pirate_run{seed, protocol::simple}.run();
}
made_of paranoid_pirate_history(std::uint32_t seed) {
    return pirate_run{seed, protocol::paranoid}.run();
}

} // namespace mizzen::sim
