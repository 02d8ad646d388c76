// One connection of a client: carries messages, and tells what becomes of it.
#pragma once

#include <mizzen/dealer.hpp>
#include <mizzen/monitor.hpp>
#include <mizzen/patterns/majordomo/client_options.hpp>

#include <asio/any_io_executor.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

namespace mizzen::majordomo::detail {

/// Whoever has links is called from its executor, never from inside a call of his own.
struct client_link_owner {
    virtual void received(std::uint32_t link, message&& m) = 0;
    virtual void lost(std::uint32_t link) = 0;    ///< A connection that was up.
    virtual void refused(std::uint32_t link) = 0; ///< There will be another attempt.
    virtual void turn_over() = 0; ///< Everything that had come was received, or enough for now.

protected:
    ~client_link_owner() = default;
};

class client_link : public std::enable_shared_from_this<client_link> {
public:
    client_link(const asio::any_io_executor& executor, std::uint32_t number,
                client_link_owner& owner, const client_options& options);

    /// `endpoint` was parsed before.
    void open(const std::string& endpoint);
    void send(message&& m);
    void hold(bool on);
    /// Nothing is told after that.
    void close() noexcept;

private:
    void wait_receive();
    void take_turn();
    void wait_send();
    void watch();

    std::uint32_t number_;
    client_link_owner* owner_;
    dealer socket_;
    monitor events_;
    std::deque<message> waiting_; // for the socket to take them
    bool held_ = false;
    bool receiving_ = false; // a wait is under way, or a turn is posted
};

} // namespace mizzen::majordomo::detail
