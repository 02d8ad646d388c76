// Titanic in a half of a pair: when its store is open.
#include "store_opening.hpp"
#include <mizzen/patterns/titanic/embedded.hpp>
#include <mizzen/patterns/titanic/paired.hpp>

#include <asio/steady_timer.hpp>

#include <optional>
#include <utility>

namespace mizzen::titanic {
namespace {

constexpr milliseconds until_reopened{1000};

} // namespace

class paired::shell final : public std::enable_shared_from_this<paired::shell> {
public:
    shell(majordomo::broker& inside, store_source open, const paired_options& options)
        : broker_{inside}, source_{std::move(open)}, options_{options},
          timer_{inside.get_executor()} {}

    void open(std::function<void(std::error_code)>&& done) {
        done_ = std::move(done);
        if (!opening_)
            start();
    }
    void begin() {
        if (ready_)
            inside_.emplace(broker_, std::move(ready_), options_.services);
    }
    void drain() {
        if (inside_)
            inside_->drain();
    }
    void reopen() {
        std::error_code ec;
        close(ec); // one that failed says so when it is opened
        open([this](std::error_code trouble) {
            if (!trouble)
                return begin();
            timer_.expires_after(until_reopened);
            timer_.async_wait([self = shared_from_this()](std::error_code cancelled) {
                if (!cancelled)
                    self->reopen();
            });
        });
    }
    void close(std::error_code& ec) {
        ec.clear();
        timer_.cancel();
        done_ = nullptr;
        ready_.reset();
        if (opening_) {
            opening_->give_up();
            given_up_ = true;
        }
        if (inside_)
            inside_->close(ec);
        inside_.reset();
    }
    void end() noexcept {
        timer_.cancel();
        done_ = nullptr;
        opening_.reset();
        inside_.reset();
    }

    [[nodiscard]] const std::optional<embedded>& inside() const noexcept { return inside_; }

private:
    void start() {
        opening_ = std::make_unique<store_opening>(broker_.get_executor(), source_, options_,
                                                   [weak = weak_from_this()] {
                                                       if (const auto self = weak.lock())
                                                           self->opened();
                                                   });
    }
    void opened() {
        std::error_code ec;
        ready_ = opening_->take(ec);
        opening_.reset();
        if (std::exchange(given_up_, false) && !ready_ && done_)
            return start(); // whoever wants it now came after that
        if (const auto done = std::exchange(done_, nullptr))
            done(ec);
        ready_.reset();
    }

    majordomo::broker& broker_;
    store_source source_;
    paired_options options_;
    asio::steady_timer timer_;
    std::function<void(std::error_code)> done_; // of whoever wants it open
    std::unique_ptr<store_opening> opening_;
    std::unique_ptr<store> ready_; // between its opening and begin()
    std::optional<embedded> inside_;
    bool given_up_ = false; // the opening
};

paired::paired(majordomo::broker& inside, store_source open, const paired_options& options)
    : shell_{std::make_shared<shell>(inside, std::move(open), options)} {}
paired::~paired() { shell_->end(); }

void paired::open(std::function<void(std::error_code)> done) { shell_->open(std::move(done)); }
void paired::begin() { shell_->begin(); }
void paired::drain() { shell_->drain(); }
void paired::reopen() { shell_->reopen(); }
void paired::close(std::error_code& ec) { shell_->close(ec); }
bool paired::is_open() const noexcept { return shell_->inside().has_value(); }
service_stats paired::stats() const noexcept {
    const auto& inside = shell_->inside();
    return inside ? inside->stats() : service_stats{};
}
store_stats paired::kept() const noexcept {
    const auto& inside = shell_->inside();
    return inside ? inside->kept() : store_stats{};
}

} // namespace mizzen::titanic
