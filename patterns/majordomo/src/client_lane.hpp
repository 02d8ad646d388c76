// One connection of a client's pool, with at most one request on it.
#pragma once

#include <mizzen/dealer.hpp>
#include <mizzen/patterns/majordomo/client_core.hpp>
#include <mizzen/patterns/majordomo/detail/request_operation.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/steady_timer.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <system_error>

namespace mizzen::majordomo::detail {

class client_lane : public std::enable_shared_from_this<client_lane> {
public:
    /// Told how a request ended, once the lane can take the next one.
    using on_done = std::function<void(client_lane&, std::error_code, message)>;

    client_lane(asio::any_io_executor executor, std::string endpoint, const client_options& options,
                on_done done);

    void request(std::string_view service, message&& body);
    void cancel(); ///< Ends the request with errc::cancelled.
    void stop();   ///< Closes, and tells nobody.
    void set_aware(bool aware) noexcept { core_.set_aware(aware); }

    [[nodiscard]] const client_core& core() const noexcept { return core_; }

    std::unique_ptr<request_operation> operation; ///< What the request is for.

private:
    void act();
    void open();
    void send(message&& m);
    void wait_receive();
    void take_replies();
    void set_timer();
    [[nodiscard]] bool is_current(std::uint64_t connection) const noexcept {
        return !stopped_ && socket_ && connection == connection_;
    }

    asio::any_io_executor executor_;
    asio::steady_timer timer_;
    std::string endpoint_;
    client_core core_;
    on_done done_;
    std::unique_ptr<dealer> socket_;
    std::uint64_t connection_ = 0; // completions of an earlier one mean nothing
    bool acting_ = false;
    bool timer_set_ = false;
    bool stopped_ = false;
};

} // namespace mizzen::majordomo::detail
