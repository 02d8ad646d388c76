// The client's shell: asks what its calls want to be asked, and pauses as long as they say.
#include "shell_client.hpp"
#include "shell_timer.hpp"
#include <mizzen/patterns/majordomo/client.hpp>
#include <mizzen/patterns/titanic/client.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/error.hpp>
#include <asio/steady_timer.hpp>

#include <map>
#include <utility>

namespace mizzen::titanic {

using patterns::clock_now;
using patterns::detail::pending_request;

class client_shell final : public std::enable_shared_from_this<client_shell> {
public:
    client_shell(const asio::any_io_executor& executor, const client_options& options)
        : options_{options}, found_{options.how}, asked_{executor, options.asking},
          random_{patterns::random_seed()} {}

    void connect(std::string_view endpoint, std::error_code& ec) { asked_.connect(endpoint, ec); }

    std::uint64_t begin(std::unique_ptr<pending_request> op, client_call::about&& what) {
        if (stopped_) {
            op->complete(asio::error::operation_aborted, {});
            return 0;
        }
        const std::uint64_t number = ++last_;
        auto one = std::make_unique<running>(asked_.get_executor(), std::move(op), std::move(what),
                                             options_, found_, random_.next());
        running& made = *calls_.emplace(number, std::move(one)).first->second;
        act(number, made.call.next(clock_now()));
        return calls_.contains(number) ? number : 0;
    }

    void cancel(std::uint64_t number) {
        if (const auto at = calls_.find(number); at != calls_.end()) {
            at->second->stop_question->emit(asio::cancellation_type::total);
            end(number, asio::error::operation_aborted, {});
        }
    }

    void stop() {
        if (std::exchange(stopped_, true))
            return;
        asked_.stop();
        while (!calls_.empty())
            end(calls_.begin()->first, asio::error::operation_aborted, {});
    }

    [[nodiscard]] const majordomo::client_stats& stats() const noexcept { return asked_.stats(); }
    [[nodiscard]] std::string_view service() const noexcept { return options_.asking.service; }
    [[nodiscard]] asio::any_io_executor executor() const noexcept { return asked_.get_executor(); }

private:
    struct running {
        running(const asio::any_io_executor& executor, std::unique_ptr<pending_request> operation,
                client_call::about&& what, const client_options& options, submission& found,
                std::uint64_t seed)
            : op{std::move(operation)}, timer{executor},
              call{std::move(what), options, found, seed, clock_now()} {}

        std::unique_ptr<pending_request> op;
        asio::steady_timer timer;
        /// Shared with the question, which looks at it once more when it ends.
        std::shared_ptr<asio::cancellation_signal> stop_question =
            std::make_shared<asio::cancellation_signal>();
        client_call call;
    };

    void act(std::uint64_t number, client_call::action&& next) {
        switch (next.what) {
        case client_call::step::ask: ask(number, std::move(next)); break;
        case client_call::step::pause: pause(number, next.pause); break;
        case client_call::step::done: end(number, next.ec, std::move(next.body)); break;
        }
    }

    void ask(std::uint64_t number, client_call::action&& next) {
        const majordomo::request_options how{
            .timeout = {}, .retries = next.retries, .deadline = next.limit};
        const auto signal = calls_.at(number)->stop_question;
        asked_.async_request(next.service, std::move(next.body), how,
                             asio::bind_cancellation_slot(
                                 signal->slot(), [self = shared_from_this(), signal,
                                                  number](std::error_code ec, message answer) {
                                     const auto at = self->calls_.find(number);
                                     if (at != self->calls_.end())
                                         self->act(number, at->second->call.answered(
                                                               ec, std::move(answer), clock_now()));
                                 }));
    }

    void pause(std::uint64_t number, milliseconds how_long) {
        asio::steady_timer& timer = calls_.at(number)->timer;
        timer.expires_after(how_long);
        timer.async_wait([self = shared_from_this(), number](std::error_code ec) {
            const auto at = self->calls_.find(number);
            if (!ec && at != self->calls_.end())
                self->act(number, at->second->call.next(clock_now()));
        });
    }

    void end(std::uint64_t number, std::error_code ec, message&& result) {
        const auto at = calls_.find(number);
        const std::unique_ptr<running> over = std::move(at->second);
        calls_.erase(at);
        over->op->complete(ec, std::move(result));
    }

    client_options options_;
    submission found_; ///< What the server was found to have.
    majordomo::client asked_;
    patterns::random_numbers random_;
    std::map<std::uint64_t, std::unique_ptr<running>> calls_;
    std::uint64_t last_ = 0;
    bool stopped_ = false;
};

client_call::about client::about(client_call::goal what, const service_name& service, message body,
                                 const request_options& wanted) const {
    return {what, std::string{service.value_or(shell().service())}, std::move(body),
            wanted.id ? *wanted.id : make_request_id(), wanted.limit};
}
client_call::about client::about(client_call::goal what, const request_id& id, milliseconds limit) {
    return {what, {}, {}, id, limit};
}

std::uint64_t client::begin(std::unique_ptr<pending_request> op, client_call::about what) {
    return shell().begin(std::move(op), std::move(what));
}

} // namespace mizzen::titanic

template class mizzen::patterns::async_client<mizzen::titanic::client_shell,
                                              mizzen::titanic::client_options,
                                              mizzen::majordomo::client_stats>;
