// The server's shell: voters around one star.
#include "secure.hpp"
#include "voter.hpp"
#include <mizzen/patterns/binary_star/server.hpp>

#include <asio/post.hpp>

#include <algorithm>
#include <exception>
#include <vector>

namespace mizzen::binary_star {

class server::shell final : public voter::owner,
                            public std::enable_shared_from_this<server::shell> {
public:
    shell(const asio::any_io_executor& executor, const server_options& options,
          request_handler serve)
        : executor_{executor}, options_{options}, serve_{std::move(serve)} {
        patterns::check_security(executor_, options_.serving.security);
    }

    void start(star_hooks hooks) {
        hooks.drain = [weak = weak_from_this()](std::function<void()> done) {
            if (const auto alive = weak.lock())
                alive->drain(std::move(done));
        };
        hooks.decided = [weak = weak_from_this()] {
            if (const auto alive = weak.lock())
                alive->decided();
        };
        star_ = std::make_unique<star>(executor_, options_.star, std::move(hooks));
    }

    void stop() {
        if (std::exchange(stopped_, true))
            return;
        star_->stop();
        for (const auto& each : voters_)
            each->stop();
        drained_ = nullptr;
        // The handler may hold what holds the server; it may also be what called.
        asio::post(executor_, [self = shared_from_this()] { self->serve_ = nullptr; });
    }

    std::string bind(std::string_view endpoint, std::error_code& ec) {
        const auto made = std::make_shared<voter>(executor_, options_.serving, weak_from_this());
        std::string bound = made->socket().bind(endpoint, ec);
        if (ec)
            return bound;
        voters_.push_back(made);
        made->start();
        return bound;
    }

    star::verdict vote() override { return star_->vote(); }

    void serve(message&& body, responder answer) override {
        try {
            serve_(std::move(body), std::move(answer));
        } catch (const std::exception&) { // NOLINT(bugprone-empty-catch): the responder said so
        }
    }

    void ended() override {
        if (drained_ && idle())
            std::exchange(drained_, nullptr)();
    }

    [[nodiscard]] server_stats stats() const {
        server_stats sum;
        for (const auto& each : voters_) {
            const server_stats& one = each->stats();
            sum.served += one.served;
            sum.refused += one.refused;
            sum.malformed += one.malformed;
            sum.undeliverable += one.undeliverable;
        }
        return sum;
    }
    [[nodiscard]] const asio::any_io_executor& executor() const noexcept { return executor_; }
    [[nodiscard]] star& half() noexcept { return *star_; }

private:
    void drain(std::function<void()>&& done) {
        drained_ = std::move(done);
        ended();
    }
    [[nodiscard]] bool idle() const {
        return std::all_of(voters_.begin(), voters_.end(),
                           [](const auto& each) { return each->running() == 0; });
    }
    void decided() {
        for (std::size_t i = 0; i < voters_.size(); ++i) // a handler may add one
            voters_[i]->decided();
    }

    asio::any_io_executor executor_;
    server_options options_;
    request_handler serve_;
    std::unique_ptr<star> star_; // once it was started
    std::vector<std::shared_ptr<voter>> voters_;
    std::function<void()> drained_;
    bool stopped_ = false;
};

server::server(const asio::any_io_executor& executor, const server_options& options,
               request_handler serve, star_hooks hooks)
    : shell_{std::make_shared<shell>(executor, options, std::move(serve))} {
    shell_->start(std::move(hooks));
}

server& server::operator=(server&& other) noexcept {
    if (this != &other) {
        stop();
        shell_ = std::move(other.shell_);
    }
    return *this;
}

server::~server() { stop(); }

server::executor_type server::get_executor() const noexcept { return shell_->executor(); }
std::string server::bind(std::string_view endpoint) {
    std::error_code ec;
    std::string bound = bind(endpoint, ec);
    if (ec)
        throw std::system_error{ec, "bind"};
    return bound;
}
std::string server::bind(std::string_view endpoint, std::error_code& ec) {
    return shell_->bind(endpoint, ec);
}
star& server::half() noexcept { return shell_->half(); }
const star& server::half() const noexcept { return shell_->half(); }
void server::stop() noexcept {
    if (shell_)
        shell_->stop();
}
server_stats server::stats() const { return shell_->stats(); }

} // namespace mizzen::binary_star
