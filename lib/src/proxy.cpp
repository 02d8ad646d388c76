// The proxy: two directions, each of which waits for either of its ends.
#include "socket_shell.hpp"
#include "steering.hpp"
#include <mizzen/proxy.hpp>

#include <asio/error.hpp>
#include <asio/post.hpp>

#include <optional>
#include <stdexcept>
#include <utility>

namespace mizzen::detail {
namespace {

using shell_ptr = std::shared_ptr<socket_shell>;

constexpr int most_at_once = 256; // before the loop's other work has its turn

} // namespace

class proxy_shell : public std::enable_shared_from_this<proxy_shell> {
public:
    proxy_shell(const shell_ptr& front, const shell_ptr& back)
        : executor_{front->executor()}, there_{*this, front, back, stats_.front, stats_.back},
          back_{*this, back, front, stats_.back, stats_.front} {}

    const asio::any_io_executor& executor() const noexcept { return executor_; }
    const proxy_stats& stats() const noexcept { return stats_; }
    void capture(shell_ptr copies) { copies_ = std::move(copies); }
    void control(shell_ptr from) { control_.emplace(*this, std::move(from)); }

    void start(operation& op) {
        if (std::exchange(run_, &op) != nullptr)
            throw std::logic_error("the proxy runs already");
        wake();
    }
    void pause(bool on) {
        paused_ = on;
        wake();
    }
    void finish(std::error_code ec) {
        there_.cancel();
        back_.cancel();
        if (control_)
            control_->cancel();
        if (operation* const op = std::exchange(run_, nullptr))
            op->complete(ec, {});
    }
    // Goes on in a turn of its own: operations complete in the midst of a socket's work.
    void wake() {
        if (run_ == nullptr || std::exchange(woken_, true))
            return;
        asio::post(executor_, [self = shared_from_this()] {
            self->woken_ = false;
            if (self->run_ != nullptr)
                self->work();
        });
    }

private:
    // One operation at a socket.
    class call final : public operation {
    public:
        explicit call(proxy_shell& of) : operation{operation_kind::wait_receive}, of_{of} {}
        ~call() { cancel(); }
        void start(const shell_ptr& at, operation_kind what) {
            kind = what;
            at_ = at;
            at->start(*this);
        }
        void complete(std::error_code ec, message) override {
            of_.stats_.dropped += ec && !body.empty() ? 1U : 0U;
            body.clear();
            at_.reset();
            of_.wake();
        }
        void cancel() {
            if (const shell_ptr at = at_)
                at->cancel(*this);
        }
        [[nodiscard]] bool waits() const noexcept { return at_ != nullptr; }

    private:
        proxy_shell& of_;
        shell_ptr at_;
    };

    class direction {
    public:
        direction(proxy_shell& of, shell_ptr from, shell_ptr to, proxy_stats::side& in,
                  proxy_stats::side& out)
            : of_{of}, from_{std::move(from)}, to_{std::move(to)}, in_{in}, out_{out},
              used_{receives(from_->core().type()) && sends(to_->core().type())}, waits_{of} {}

        [[nodiscard]] bool broken() const noexcept { return from_->closed(); }
        void cancel() { waits_.cancel(); }
        void carry() {
            if (!used_ || waits_.waits())
                return;
            for (int count = 0; count < most_at_once; ++count) {
                if (!to_->core().sendable())
                    return waits_.start(to_, operation_kind::wait_send);
                message m;
                std::error_code ec;
                from_->core().receive(m, ec);
                if (ec == errc::would_block) {
                    finish_turn();
                    return waits_.start(from_, operation_kind::wait_receive);
                }
                if (!ec && !hand_on(m))
                    return finish_turn();
            }
            finish_turn();
            of_.wake();
        }

    private:
        // False if it has to wait.
        bool hand_on(message& m) {
            const std::uint64_t size = octets_of(m);
            ++in_.messages_in;
            in_.octets_in += size;
            ++out_.messages_out;
            out_.octets_out += size;
            of_.copy(m);
            std::error_code ec;
            to_->core().send(m, ec);
            if (ec == errc::would_block) {
                waits_.body = std::move(m);
                waits_.start(to_, operation_kind::send);
                return false;
            }
            of_.stats_.dropped += ec ? 1U : 0U;
            return true;
        }
        void finish_turn() {
            from_->pump_soon();
            to_->pump_soon();
        }

        proxy_shell& of_;
        shell_ptr from_;
        shell_ptr to_;
        proxy_stats::side& in_;
        proxy_stats::side& out_;
        bool used_;
        call waits_;
    };

    class commands {
    public:
        commands(proxy_shell& of, shell_ptr from) : of_{of}, from_{std::move(from)}, waits_{of} {}
        [[nodiscard]] bool broken() const noexcept { return from_->closed(); }
        void cancel() { waits_.cancel(); }
        void obey() {
            message m;
            std::error_code ec;
            for (;;) {
                from_->core().receive(m, ec);
                if (ec)
                    break;
                const steering command = read_steering(m);
                if (from_->core().type() == zmtp::socket_type::rep) {
                    message answer = answer_to(command, of_.stats_);
                    from_->core().send(answer, ec);
                }
                from_->pump_soon();
                if (command == steering::pause || command == steering::resume)
                    of_.paused_ = command == steering::pause;
                if (command == steering::terminate)
                    return of_.finish({});
            }
            if (!waits_.waits())
                waits_.start(from_, operation_kind::wait_receive);
        }

    private:
        proxy_shell& of_;
        shell_ptr from_;
        call waits_;
    };

    void work() {
        if (there_.broken() || back_.broken() || (control_ && control_->broken()))
            return finish(errc::socket_closed);
        if (control_)
            control_->obey();
        if (run_ == nullptr || paused_)
            return;
        there_.carry();
        back_.carry();
    }
    void copy(message& m) {
        if (!copies_ || !copies_->core().sendable())
            return;
        message same = m.share();
        std::error_code ignored;
        copies_->core().send(same, ignored);
        copies_->pump_soon();
    }

    asio::any_io_executor executor_;
    proxy_stats stats_;
    direction there_;
    direction back_;
    shell_ptr copies_;
    std::optional<commands> control_;
    operation* run_ = nullptr;
    bool paused_ = false;
    bool woken_ = false;
};

} // namespace mizzen::detail

namespace mizzen {

using detail::basic_socket;

proxy::proxy(basic_socket& front, basic_socket& back)
    : shell_{std::make_shared<detail::proxy_shell>(front.shell(), back.shell())} {
    if (front.get_executor() != back.get_executor())
        throw std::invalid_argument("a proxy's sockets need one executor");
}

proxy::~proxy() { shell_->finish(asio::error::operation_aborted); }

void proxy::capture(basic_socket& copies) {
    if (copies.get_executor() != get_executor())
        throw std::invalid_argument("a proxy's sockets need one executor");
    shell_->capture(copies.shell());
}
void proxy::control(basic_socket& commands) {
    if (commands.get_executor() != get_executor())
        throw std::invalid_argument("a proxy's sockets need one executor");
    shell_->control(commands.shell());
}

void proxy::pause() { shell_->pause(true); }
void proxy::resume() { shell_->pause(false); }
void proxy::stop() { shell_->finish({}); }
const proxy_stats& proxy::stats() const noexcept { return shell_->stats(); }
asio::any_io_executor proxy::get_executor() const noexcept { return shell_->executor(); }

void proxy::start(detail::operation& op) { shell_->start(op); }
void proxy::cancel(const std::weak_ptr<detail::proxy_shell>& shell) {
    if (const auto alive = shell.lock())
        alive->finish(asio::error::operation_aborted);
}

} // namespace mizzen
