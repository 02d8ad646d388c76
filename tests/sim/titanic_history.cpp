// A history of Titanic, by its seed.
#include "histories.hpp"
#include "stage.hpp"
#include "titanic_nodes.hpp"

#include <string>

namespace mizzen::sim {
namespace {

using titanic::test::loss;

class titanic_run : stage {
public:
    explicit titanic_run(std::uint32_t seed) : stage{seed} {
        book.runs_a_sending = 1'000'000; // at least once
        choose();
    }

    made_of run() {
        play();
        for (std::size_t i = 0; i < services_; ++i)
            must_serve(std::make_unique<titanic_client>(
                in, in.add_host(), majordomo::client_options{}, broker_name,
                asking{service(i), 3, 1, milliseconds{0}, true}, book, total));
        return sum();
    }

private:
    static constexpr const char* broker_name = "broker";
    [[nodiscard]] static std::string service(std::size_t i) {
        return "service" + std::to_string(i);
    }

    void choose() {
        settings_.broker.heartbeat = milliseconds{20 + in.draw(80)};
        settings_.broker.request_expiry = milliseconds{100 + in.draw(1000)};
        settings_.broker.redeliveries = static_cast<int>(in.draw(3));
        titanic::service_options& own = settings_.services;
        own.window = 1 + in.draw(4);
        own.attempt_timeout = milliseconds{350 + in.draw(300)}; // longer than any handler takes
        own.retry = own.service_retry = milliseconds{1 + in.draw(50)};
        own.retry_max = own.service_retry_max = milliseconds{100};
        own.recent_octets = in.draw(3) * 2000;
        own.max_body_octets = 1024;
        titanic::journal_options& store = settings_.store;
        store.segment_octets = 8192;
        store.max_body_octets = 1024;
        store.max_group_octets = 1024;
        store.max_requests = in.draw(3) == 0 ? 4 : 1000;
        // Of clients that were killed; longer than clocks are set ahead in all.
        store.retention = milliseconds{30'000};
        services_ = 1 + in.draw(2);
        add(false, [this](host_id host) {
            constexpr loss kinds[] = {loss::all, loss::none, loss::random};
            disk_->crash(kinds[in.draw(3)], in.draw(1'000'000'000));
            return std::make_unique<titanic_broker>(in, host, settings_, disk_, broker_name);
        });
        const std::size_t workers = services_ + in.draw(3);
        for (std::size_t i = 0; i < workers; ++i)
            add_worker(i);
        const std::size_t clients = 1 + in.draw(3);
        for (std::size_t i = 0; i < clients; ++i)
            add_client(i);
    }

    void add_worker(std::size_t i) {
        majordomo::worker_options options;
        options.service = service(i % services_);
        options.heartbeat = settings_.broker.heartbeat;
        options.reconnect = milliseconds{20};
        options.reconnect_max = milliseconds{200};
        options.credit = static_cast<std::uint32_t>(1 + in.draw(3));
        handling handles{milliseconds{in.draw(2) == 0 ? 5 : 300}};
        if (in.draw(3) == 0)
            handles.fails_one_in = 4;
        add(false, [this, options, handles](host_id host) {
            return std::make_unique<majordomo_worker>(in, host, options, broker_name, handles,
                                                      book);
        });
    }

    void add_client(std::size_t i) {
        majordomo::client_options options;
        options.timeout = milliseconds{100 + in.draw(1000)};
        options.retries = static_cast<int>(in.draw(3));
        options.retry_delay = milliseconds{1 + in.draw(50)};
        options.retry_delay_max = milliseconds{100};
        options.probe_timeout = milliseconds{200};
        const asking asks{service(i % services_), static_cast<int>(1 + in.draw(8)),
                          static_cast<int>(1 + in.draw(3)), milliseconds{in.draw(100)}, true};
        add(in.draw(2) == 0, [this, options, asks](host_id host) {
            return std::make_unique<titanic_client>(in, host, options, broker_name, asks, book,
                                                    total);
        });
    }

    std::shared_ptr<titanic::test::pretended_disk> disk_ =
        std::make_shared<titanic::test::pretended_disk>();
    titanic_settings settings_;
    std::size_t services_ = 1;
};

} // namespace

made_of titanic_history(std::uint32_t seed) { return titanic_run{seed}.run(); }

} // namespace mizzen::sim
