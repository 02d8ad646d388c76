// A history of Majordomo, by its seed.
#include "histories.hpp"
#include "majordomo_nodes.hpp"
#include "stage.hpp"

#include <string>
#include <vector>

namespace mizzen::sim {
namespace {

class majordomo_run : stage {
public:
    explicit majordomo_run(std::uint32_t seed)
        : stage{seed}, kind_{static_cast<kind>(in.draw(3))}, redeliveries_{choose_redeliveries()} {
        book.runs_a_sending = 1 + redeliveries_;
        choose();
    }

    made_of run() {
        play();
        for (std::size_t i = 0; i < brokers_.size(); ++i)
            must(at_brokers_[i]->stats().queued == 0 && at_brokers_[i]->stats().dispatched == 0,
                 "the broker keeps no request that has ended");
        for (const std::string& each : brokers_)
            recovered({each});
        bury();
        return sum();
    }

private:
    enum class kind : std::uint8_t {
        any,        ///< Everything may happen to everybody.
        kept,       ///< Broker, one client and one worker are safe: that client is always answered.
        never_again ///< No redelivery, and clients do not try again: nothing runs twice.
    };

    int choose_redeliveries() {
        switch (kind_) {
        case kind::kept: return 1000;
        case kind::never_again: return 0;
        default: return static_cast<int>(in.draw(4));
        }
    }

    void choose() {
        broker_.heartbeat = milliseconds{20 + in.draw(80)};
        broker_.liveness = 2 + static_cast<int>(in.draw(3));
        broker_.redeliveries = redeliveries_;
        broker_.service_expiry = milliseconds{500};
        if (kind_ == kind::kept) {
            broker_.request_expiry = milliseconds{0};
        } else {
            broker_.request_expiry = milliseconds{200 + in.draw(2000)};
            if (in.draw(3) == 0)
                broker_.max_requests_per_service = 1 + in.draw(2);
        }
        services_ = 1 + in.draw(2);
        broker_.max_services = services_ + 1;
        in_parts_ = kind_ != kind::kept && in.draw(2) == 0;
        if (in_parts_ && in.draw(2) == 0) // else the client tells the runs apart
            broker_.duplicate_window = milliseconds{10'000};
        const std::size_t brokers = in.draw(3) == 0 ? 2 : 1; // which do not know each other
        for (std::size_t i = 0; i < brokers; ++i)
            add_broker(i);
        const std::size_t workers = services_ + in.draw(3);
        for (std::size_t i = 0; i < workers; ++i)
            add_worker(i);
        const std::size_t clients = 1 + in.draw(4);
        for (std::size_t i = 0; i < clients; ++i)
            add_client(i);
    }

    [[nodiscard]] static std::string service(std::size_t i) {
        return "service" + std::to_string(i);
    }

    void add_broker(std::size_t i) {
        brokers_.push_back("broker" + std::to_string(i));
        at_brokers_.push_back(nullptr);
        add(kind_ == kind::kept && i == 0, [this, i](host_id host) {
            auto made = std::make_unique<majordomo_broker>(in, host, broker_, brokers_[i]);
            at_brokers_[i] = made.get();
            return made;
        });
    }

    void add_worker(std::size_t i) {
        majordomo::worker_options options;
        options.service = service(i % services_);
        options.heartbeat = broker_.heartbeat;
        options.liveness = broker_.liveness;
        options.reconnect = milliseconds{20};
        options.reconnect_max = milliseconds{500};
        options.credit = static_cast<std::uint32_t>(1 + in.draw(4));
        if (in.draw(in_parts_ ? 2 : 4) == 0)
            options.protocol = majordomo::dialect::version::mdp02;
        handling handles{milliseconds{in.draw(2) == 0 ? 5 : 300}};
        if (kind_ != kind::kept && in.draw(4) == 0)
            handles.fails_one_in = 5;
        if (in_parts_ && options.protocol == majordomo::dialect::version::mdp02)
            handles.most_parts = 3;
        // What a worker has for each of its brokers shares nothing.
        for (std::size_t at = 0; at < brokers_.size(); ++at)
            add(kind_ == kind::kept && i == 0, [this, options, handles, at](host_id host) {
                return std::make_unique<majordomo_worker>(in, host, options, brokers_[at], handles,
                                                          book);
            });
    }

    void add_client(std::size_t i) {
        majordomo::client_options options;
        options.retry_delay = milliseconds{1 + in.draw(100)};
        options.retry_delay_max = milliseconds{300};
        options.probe_timeout = milliseconds{200};
        if (in.draw(in_parts_ ? 2 : 4) == 0)
            options.protocol = majordomo::dialect::version::mdp02;
        options.timeout = milliseconds{100 + in.draw(1000)};
        options.retries = kind_ == kind::never_again ? 0 : static_cast<int>(in.draw(4));
        if (in.draw(4) == 0 && kind_ != kind::kept)
            options.deadline = milliseconds{1 + in.draw(1000)};
        // What nobody offers takes up the room of what somebody does, for a while.
        const bool in_vain = kind_ != kind::kept && in.draw(6) == 0;
        asking asks{in_vain ? "none" + std::to_string(i) : service(i % services_),
                    static_cast<int>(1 + in.draw(12)), static_cast<int>(1 + in.draw(3)),
                    milliseconds{in.draw(100)}};
        asks.hears_parts = options.protocol == majordomo::dialect::version::mdp02;
        const bool safe = kind_ == kind::kept && i == 0;
        if (safe) {
            options.timeout = milliseconds{100'000};
            options.retries = 1000; // the other broker may die
            asks.cannot_fail = true;
        }
        add(safe, [this, options, asks](host_id host) {
            return std::make_unique<majordomo_client>(in, host, options, brokers_, asks, book,
                                                      total);
        });
    }

    // A client of its own, which knows nothing of what was before.
    void recovered(const std::vector<std::string>& brokers) {
        majordomo::client_options options;
        options.timeout = milliseconds{5000};
        options.retries = 3;
        for (std::size_t i = 0; i < services_; ++i) {
            must_serve(std::make_unique<majordomo_client>(
                in, in.add_host(), options, brokers,
                asking{service(i), 3, 1, milliseconds{0}, true}, book, total));
        }
    }

    // Somebody asks for what nobody offers, and goes; then everybody does.
    void bury() {
        auto last =
            std::make_unique<majordomo_client>(in, in.add_host(), majordomo::client_options{},
                                               brokers_, asking{"nothing", 1}, book, total);
        in.advance(milliseconds{120});
        last.reset();
        in.advance(milliseconds{60});
        for (const majordomo_broker* each : at_brokers_)
            must(each->stats().queued == 0 && each->stats().dispatched == 0,
                 "of requests whose clients are gone nothing is kept");
        kill_all_behind(brokers_.size());
        for (const majordomo_broker* each : at_brokers_)
            must_know_nobody(each->stats());
    }

    void must_know_nobody(const majordomo::broker_stats& stats) {
        total.redelivered += stats.redelivered;
        total.refused += stats.dropped_full;
        total.expired += stats.expired_workers;
        must(stats.peers == 0 && stats.workers == 0, "of peers that are gone nothing is kept");
        must(stats.services == 0, "services without workers and requests vanish");
    }

    kind kind_;
    int redeliveries_;
    majordomo::broker_options broker_;
    std::size_t services_ = 1;
    bool in_parts_ = false; // 0.2's workers may answer so
    std::vector<std::string> brokers_;
    std::vector<majordomo_broker*> at_brokers_;
};

} // namespace

made_of majordomo_history(std::uint32_t seed) { return majordomo_run{seed}.run(); }

} // namespace mizzen::sim
