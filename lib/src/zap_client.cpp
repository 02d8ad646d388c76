// The ZAP client's shell: carries messages and time between a DEALER and the core.
#include "wipe.hpp"
#include "zap_core.hpp"
#include <mizzen/dealer.hpp>
#include <mizzen/endpoint.hpp>
#include <mizzen/error.hpp>
#include <mizzen/monitor.hpp>
#include <mizzen/zap_client.hpp>

#include <asio/dispatch.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace mizzen::detail {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Between attempts at a handler that refuses us; at others the socket itself goes on trying.
constexpr milliseconds refused_pause{1000};

} // namespace

// On its way to the client's executor, whether it comes there or is dropped.
struct kept_question {
    authentication_request about;
    explicit kept_question(const authentication_request& asked) : about{asked} {}
    kept_question(const kept_question&) = delete;
    kept_question& operator=(const kept_question&) = delete;
    ~kept_question() {
        for (std::string& each : about.credentials)
            wipe(each);
    }
};

// What waits does not keep it: where its executor runs no more, nothing of it is left with the
// client.
class zap_shell : public std::enable_shared_from_this<zap_shell> {
public:
    zap_shell(const asio::any_io_executor& executor, std::string_view endpoint,
              const zap_client_options& options)
        : executor_{executor}, endpoint_{endpoint}, options_{options}, timer_{executor},
          core_{endpoint, options} {}

    void open() {
        auto fresh = std::make_unique<dealer>(executor_);
        fresh->set(option::linger{milliseconds{0}});
        fresh->set(option::immediate{true}); // the core keeps what cannot be sent
        fresh->set(option::max_message_size{largest_zap_reply});
        fresh->set(option::heartbeat{options_.timeout});
        fresh->set(options_.security);
        auto events = std::make_unique<monitor>(*fresh);
        fresh->connect(endpoint_);
        events_ = std::move(events); // before the socket that it watches
        socket_ = std::move(fresh);
        ++connection_;
        sending_ = false;
        wait_event();
        wait_reply();
    }

    /// Who is dropped, whatever fails or as the client has ended, is refused.
    void ask(const authentication_request& about, authenticator::answer_handler done) noexcept {
        try {
            if (!stopped_)
                start(about, std::move(done));
        } catch (...) { // NOLINT(bugprone-empty-catch): as said
        }
    }

    void stop() {
        stopped_ = true;
        timer_.cancel();
        events_.reset();
        socket_.reset();
        handlers_.clear();
    }

    [[nodiscard]] const asio::any_io_executor& executor() const noexcept { return executor_; }
    [[nodiscard]] const zap_client_stats& stats() const noexcept { return core_.stats(); }

private:
    void start(const authentication_request& about, authenticator::answer_handler done) {
        const auto now = steady_clock::now();
        if (refused_at_ && now - *refused_at_ >= refused_pause) {
            refused_at_ = now; // of the next attempt, if this one throws
            open();
            refused_at_.reset();
        }
        handlers_.emplace(core_.ask(about, now), std::move(done));
        act();
    }
    void act() {
        for (zap_core::answer next; !stopped_ && core_.next_answer(next);) {
            const auto at = handlers_.find(next.question);
            if (at == handlers_.end())
                continue; // there was no memory for it
            const auto done = std::move(at->second);
            handlers_.erase(at);
            tell(done, std::move(next.what));
        }
        if (stopped_)
            return;
        send();
        set_timer();
    }
    /// What an asker throws is its own: the others' questions go on.
    static void tell(const authenticator::answer_handler& done,
                     authentication_answer what) noexcept {
        try {
            done(std::move(what));
        } catch (...) { // NOLINT(bugprone-empty-catch): as said
        }
    }

    void send() {
        while (const message* const next = core_.next_request()) {
            message same;
            for (const octets part : *next)
                same.push_back(part);
            std::error_code ec;
            if (!socket_->try_send(same, ec))
                return wait_room();
            core_.sent();
        }
    }
    void wait_room() {
        if (std::exchange(sending_, true))
            return;
        socket_->async_wait_send([weak = weak_from_this(), mine = connection_](auto ec) {
            const auto self = weak.lock();
            if (!self || !self->is_current(mine))
                return;
            self->sending_ = false;
            if (!ec)
                self->act();
        });
    }

    void wait_reply() {
        socket_->async_wait_receive([weak = weak_from_this(), mine = connection_](auto ec) {
            const auto self = weak.lock();
            if (!ec && self && self->is_current(mine))
                self->take_replies(mine);
        });
    }
    void take_replies(std::uint64_t mine) {
        message m;
        while (socket_->try_receive(m)) {
            core_.receive(m);
            act();
            if (!is_current(mine))
                return;
        }
        wait_reply();
    }

    void wait_event() {
        events_->async_receive_event(
            [weak = weak_from_this(), mine = connection_](auto ec, const connection_event& what) {
                const auto self = weak.lock();
                if (ec || !self || !self->is_current(mine))
                    return;
                self->note(what);
                self->act();
                if (self->is_current(mine))
                    self->wait_event();
            });
    }
    void note(const connection_event& what) {
        switch (what.kind) {
        case event_kind::handshake_succeeded: return core_.set_trouble({});
        case event_kind::connect_failed:
        case event_kind::handshake_failed: return core_.set_trouble(what.reason.message());
        case event_kind::disconnected:
            core_.set_trouble(what.reason.message());
            return core_.connection_lost();
        case event_kind::ended: refused_at_ = steady_clock::now(); return;
        default: return;
        }
    }

    void set_timer() {
        const auto due = core_.deadline();
        if (!due || (due_ && *due_ <= *due))
            return; // looks again when it fires
        due_ = due;
        timer_.expires_at(*due);
        timer_.async_wait([weak = weak_from_this()](std::error_code ec) {
            const auto self = weak.lock();
            if (ec || !self || self->stopped_)
                return;
            self->due_.reset();
            self->core_.handle_timeout(steady_clock::now());
            self->act();
        });
    }

    [[nodiscard]] bool is_current(std::uint64_t connection) const noexcept {
        return !stopped_ && connection == connection_;
    }

    asio::any_io_executor executor_;
    std::string endpoint_;
    zap_client_options options_;
    std::unique_ptr<dealer> socket_;
    std::unique_ptr<monitor> events_;
    std::uint64_t connection_ = 0; // completions of an earlier one mean nothing
    bool sending_ = false;
    std::optional<steady_clock::time_point> refused_at_;
    asio::steady_timer timer_;
    std::optional<steady_clock::time_point> due_; // of the timer
    zap_core core_;
    std::map<std::uint64_t, authenticator::answer_handler> handlers_;
    bool stopped_ = false;
};

} // namespace mizzen::detail

namespace mizzen {

zap_client::zap_client(const asio::any_io_executor& executor, std::string_view endpoint,
                       const zap_client_options& options) {
    if (options.timeout <= std::chrono::milliseconds::zero() || options.max_outstanding == 0)
        throw std::system_error{errc::invalid_option, "zap_client"};
    shell_ = std::make_shared<detail::zap_shell>(executor, endpoint, options);
    shell_->open();
}
zap_client::~zap_client() {
    if (shell_) // the last socket that shares this may go on a thread of its own
        asio::dispatch(shell_->executor(), [shell = shell_] { shell->stop(); });
}

// In a turn of its own: whoever asks may hold a lock.
void zap_client::authenticate(const authentication_request& request, answer_handler done) {
    auto kept = std::make_unique<const detail::kept_question>(request);
    asio::post(shell_->executor(),
               [shell = shell_, kept = std::move(kept), done = std::move(done)]() mutable noexcept {
                   shell->ask(kept->about, std::move(done));
               });
}
const zap_client_stats& zap_client::stats() const noexcept { return shell_->stats(); }

} // namespace mizzen
