// The star's shell: carries states and time between PUB, SUB and the core.
#include "control.hpp"
#include "envelope.hpp"
#include "secure.hpp"
#include "shell_timer.hpp"
#include <mizzen/option.hpp>
#include <mizzen/patterns/binary_star/star.hpp>
#include <mizzen/pub.hpp>
#include <mizzen/router.hpp>
#include <mizzen/sub.hpp>

#include <asio/post.hpp>

#include <algorithm>
#include <map>
#include <vector>

namespace mizzen::binary_star {
namespace {

using patterns::clock_now;

constexpr milliseconds control_limit{10'000}; // for a hand-over to finish what is at hand
constexpr milliseconds last_word{200};        // for it to be written, when all ends
constexpr std::size_t max_envelope = 8;
constexpr std::size_t max_connections_known = 64;

} // namespace

class star::shell : public std::enable_shared_from_this<star::shell> {
public:
    shell(const asio::any_io_executor& executor, const star_options& options, star_hooks hooks)
        : pub_{executor}, sub_{executor}, control_{executor}, timer_{executor},
          drain_timer_{executor}, hooks_{std::move(hooks)},
          core_{with_fence(options, hooks_), clock_now()} {
        patterns::secure(pub_, options);
        patterns::secure(control_, options);
        patterns::secure(sub_, options.peer_security, options.on_handshake_failed);
        pub_.set(option::conflate{true}); // of what it was nobody wants to know
        pub_.set(option::linger{last_word});
        sub_.set(option::conflate{true});
        const milliseconds beat = core_.options().heartbeat;
        sub_.set(option::reconnect_interval{std::max(beat / 4, milliseconds{1}), beat});
        sub_.subscribe("");
    }

    void start() {
        wait_peer();
        wait_control();
        // Not now: whoever has made this does not have it yet.
        asio::post(pub_.get_executor(), [self = shared_from_this()] { self->act(); });
    }

    void stop() {
        if (std::exchange(stopped_, true))
            return;
        timer_.cancel();
        drain_timer_.cancel();
        pub_.close();
        sub_.close();
        control_.close();
        end_hand_over(errc::stopped);
        // The hooks may hold what holds the star; one may also be what called.
        asio::post(pub_.get_executor(), [self = shared_from_this()] { self->hooks_ = {}; });
    }

    [[nodiscard]] verdict vote() {
        if (stopped_ || handing_over_)
            return verdict::refuse;
        hear_peer(); // before it is taken for silent
        const verdict said = core_.vote(clock_now());
        waited_for_ = waited_for_ || said == verdict::wait;
        act();
        return said;
    }

    void hand_over(milliseconds limit, std::function<void(std::error_code)>&& done) {
        const std::error_code trouble = cannot_hand_over();
        if (trouble)
            return asio::post(pub_.get_executor(),
                              [trouble, done = std::move(done)] { call(done, trouble); });
        handing_over_ = true;
        done_ = std::move(done);
        if (!hooks_.drain || limit.count() == 0)
            return finish_hand_over();
        drain_timer_.set(clock_now() + limit,
                         [self = shared_from_this(), mine = ++drains_] { self->drained(mine); });
        hooks_.drain([weak = weak_from_this(), mine = drains_] {
            if (const auto alive = weak.lock())
                alive->drained(mine);
        });
    }

    [[nodiscard]] pub& publisher() noexcept { return pub_; }
    [[nodiscard]] sub& subscriber() noexcept { return sub_; }
    [[nodiscard]] router& control() noexcept { return control_; }
    [[nodiscard]] const star_core& core() const noexcept { return core_; }

private:
    static star_options with_fence(star_options options, const star_hooks& hooks) {
        options.fenced = static_cast<bool>(hooks.fence);
        return options;
    }

    void wait_peer() {
        sub_.async_wait_receive([self = shared_from_this()](std::error_code ec) {
            if (ec || self->stopped_)
                return;
            self->hear_peer();
            self->act();
            self->wait_peer();
        });
    }
    void hear_peer() {
        message m;
        while (sub_.try_receive(m))
            core_.peer_said(m, clock_now(), link_of(m.peer()));
    }
    // By its endpoint: a link that is connected again is the same.
    std::size_t link_of(peer_id connection) {
        if (const auto known = links_of_.find(connection); known != links_of_.end())
            return known->second;
        const auto about = sub_.peer(connection);
        if (!about)
            return 0;
        const auto at = std::find(links_.begin(), links_.end(), about->endpoint);
        const auto link = static_cast<std::size_t>(at - links_.begin());
        if (at == links_.end())
            links_.push_back(about->endpoint);
        if (links_of_.size() > max_connections_known)
            links_of_.clear();
        links_of_.emplace(connection, link);
        return link;
    }

    void wait_control() {
        control_.async_wait_receive([self = shared_from_this()](std::error_code ec) {
            if (ec || self->stopped_)
                return;
            message m;
            if (self->control_.try_receive_from(m))
                self->take_control(std::move(m));
            self->wait_control();
        });
    }
    void take_control(message&& m) {
        const peer_id from = m.peer();
        const auto way = patterns::take_envelope(m, max_envelope);
        if (!way)
            return;
        const auto back = std::make_shared<patterns::envelope>(way->frames.share(), way->tag);
        const std::string_view word = m.size() == 1 ? m.text(0) : std::string_view{};
        if (word == "status")
            answer_control(from, *back, status_reply(core_, clock_now()));
        else if (word == "switch")
            hand_over(control_limit, [weak = weak_from_this(), from, back](std::error_code ec) {
                if (const auto alive = weak.lock(); alive && !alive->stopped_)
                    alive->answer_control(from, *back, switch_reply(ec));
            });
        else
            answer_control(from, *back, unknown_reply());
    }
    void answer_control(peer_id to, const patterns::envelope& way, message&& m) {
        patterns::put_envelope(m, way, patterns::status::ok);
        std::error_code ec;
        static_cast<void>(control_.try_send_to(to, m, ec)); // or it has gone
    }

    // Not entered twice: hooks may lead to more, which gets its turn in the loop below.
    void act() {
        if (stopped_ || std::exchange(acting_, true))
            return;
        star_core::action next;
        happening what{};
        while (!stopped_) {
            if (core_.next_action(next))
                take(next);
            else if (core_.next_happening(what))
                call(hooks_.happened, what);
            else if (waited_for_ && !core_.now_in().fencing)
                waited_for_ = false, call(hooks_.decided);
            else
                break;
        }
        acting_ = false;
        if (!stopped_)
            timer_.set(core_.deadline(), [self = shared_from_this()] { self->on_time(); });
    }
    void take(const star_core::action& next) {
        switch (next.what) {
        case star_core::step::say: {
            message m = put_state(next.say);
            std::error_code ec;
            static_cast<void>(pub_.try_send(m, ec)); // to whoever is there
            break;
        }
        case star_core::step::activate: call(hooks_.activated); break;
        case star_core::step::deactivate:
            call(hooks_.deactivated);
            end_hand_over(errc::not_active); // unless it was what did this
            break;
        case star_core::step::fence:
            hooks_.fence(next.why, [weak = weak_from_this(), number = next.number](bool succeeded) {
                if (const auto alive = weak.lock(); alive && !alive->stopped_) {
                    alive->core_.fenced(number, succeeded, clock_now());
                    alive->act();
                }
            });
            break;
        }
    }
    template <class Hook, class... About> static void call(const Hook& hook, About... about) {
        if (hook)
            hook(about...);
    }

    void on_time() {
        if (stopped_)
            return;
        hear_peer();
        core_.handle_timeout(clock_now());
        act();
    }

    [[nodiscard]] std::error_code cannot_hand_over() const {
        if (stopped_)
            return errc::stopped;
        if (handing_over_)
            return errc::handing_over;
        star_core tried = core_; // nothing is to be drained for nothing
        std::error_code ec;
        tried.hand_over(clock_now(), ec);
        return ec;
    }
    void drained(std::uint64_t which) {
        if (handing_over_ && which == drains_)
            finish_hand_over();
    }
    void finish_hand_over() {
        std::error_code ec;
        core_.hand_over(clock_now(), ec);
        end_hand_over(ec);
        if (ec && core_.now_in().in == state::active)
            call(hooks_.resumed);
        act();
    }
    void end_hand_over(std::error_code ec) {
        if (!std::exchange(handing_over_, false))
            return;
        drain_timer_.cancel();
        asio::post(pub_.get_executor(),
                   [ec, done = std::exchange(done_, nullptr)] { call(done, ec); });
    }

    pub pub_;
    sub sub_;
    router control_;
    patterns::shell_timer timer_;
    patterns::shell_timer drain_timer_;
    star_hooks hooks_;
    star_core core_;
    std::function<void(std::error_code)> done_; // of a hand-over
    std::vector<std::string> links_;            // by endpoint
    std::map<peer_id, std::size_t> links_of_;   // connections
    std::uint64_t drains_ = 0;
    bool handing_over_ = false;
    bool waited_for_ = false; // somebody holds a vote until the fence has answered
    bool acting_ = false;
    bool stopped_ = false;
};

star::star(const asio::any_io_executor& executor, const star_options& options, star_hooks hooks)
    : shell_{std::make_shared<shell>(executor, options, std::move(hooks))} {
    shell_->start();
}

star& star::operator=(star&& other) noexcept {
    if (this != &other) {
        stop();
        shell_ = std::move(other.shell_);
    }
    return *this;
}

star::~star() { stop(); }

star::executor_type star::get_executor() const noexcept {
    return shell_->publisher().get_executor();
}
std::string star::bind_peer(std::string_view endpoint) {
    return shell_->publisher().bind(endpoint);
}
std::string star::bind_peer(std::string_view endpoint, std::error_code& ec) {
    return shell_->publisher().bind(endpoint, ec);
}
void star::connect_peer(std::string_view endpoint) { shell_->subscriber().connect(endpoint); }
void star::connect_peer(std::string_view endpoint, std::error_code& ec) {
    shell_->subscriber().connect(endpoint, ec);
}
std::string star::bind_control(std::string_view endpoint) {
    return shell_->control().bind(endpoint);
}
std::string star::bind_control(std::string_view endpoint, std::error_code& ec) {
    return shell_->control().bind(endpoint, ec);
}
star::verdict star::vote() { return shell_->vote(); }
void star::hand_over(milliseconds limit, std::function<void(std::error_code)> done) {
    shell_->hand_over(limit, std::move(done));
}
void star::stop() noexcept {
    if (shell_)
        shell_->stop();
}
const star_core& star::core() const noexcept { return shell_->core(); }

} // namespace mizzen::binary_star
