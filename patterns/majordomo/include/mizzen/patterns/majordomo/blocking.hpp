// Majordomo clients and workers for programs without an event loop.
#pragma once

#include <mizzen/context.hpp>
#include <mizzen/message.hpp>
#include <mizzen/patterns/common/blocking_client.hpp>
#include <mizzen/patterns/majordomo/client_options.hpp>
#include <mizzen/patterns/majordomo/error.hpp>
#include <mizzen/patterns/majordomo/worker_core.hpp>

#include <cstdint>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

namespace mizzen::majordomo::blocking {

/// What a client receives of a request.
struct answer {
    std::uint64_t request = 0;
    std::error_code ec; ///< As those of majordomo::client::async_request.
    message body;       ///< The reply's, a part of it, or the reason of a failure.
    bool last = true;   ///< False for a part that is not the last one (0.2).
};

class client_state;
using client_base = patterns::blocking_client<client_state, client_options, client_stats>;

/// As majordomo::client, with calls that wait. A patterns::blocking_request_client.
///
/// connect  Adds a broker to the list. To be called before the first request.
/// request  Sends a request; its deadline and retries bring its end in any case. Errors: as those
///          of majordomo::client::async_request.
class client : public client_base {
public:
    using client_base::client_base;

    using client_base::request;
    /// wanted   What this request does otherwise than the client's options say.
    message request(const service_name& service, message body, const request_options& wanted,
                    std::error_code& ec);
    [[nodiscard]] message request(const service_name& service, message body,
                                  const request_options& wanted);

    /// Sends a request whose end `receive` tells, by the number that this returns: 0 if it is
    /// refused at once. Errors: malformed_request, too_many_requests; socket_closed and the like.
    std::uint64_t submit(const service_name& service, message body, const request_options& wanted,
                         std::error_code& ec);
    std::uint64_t submit(const service_name& service, message body,
                         const request_options& wanted = {});
    /// Takes what came first of what was submitted.
    ///
    /// limit    How long to wait for something; -1 has no end.
    /// Returns  Whether there was something; otherwise `out` is as it was.
    /// Errors   std::errc::timed_out, or mizzen::errc::would_block for no time at all;
    ///          mizzen::errc::wrong_state: nothing is left to come; socket_closed, context_closed.
    bool receive(answer& out, milliseconds limit, std::error_code& ec);
    [[nodiscard]] answer receive();
    /// Ends one that was submitted; `receive` tells of it, with operation_aborted.
    void cancel(std::uint64_t request);
};

/// One request at a worker: to be answered once, by any thread. Destroying one that was not
/// answered is a failure.
class incoming {
public:
    incoming() noexcept;
    incoming(incoming&&) noexcept;
    incoming& operator=(incoming&& other) noexcept;
    incoming(const incoming&) = delete;
    incoming& operator=(const incoming&) = delete;
    ~incoming();

    message body;

    /// As those of majordomo::responder.
    void reply(message answer);
    void partial(message part);
    void fail(std::string_view why);

private:
    friend class worker;
    class state;
    void let_go() noexcept;
    std::unique_ptr<state> state_; ///< Empty once it was answered.
};

/// As majordomo::worker, with a call that waits for the next request. A thread of the context sends
/// heartbeats while the program works on one, or does not call at all.
///
/// Threads  Safe from any, several at a time: with credit, several may work on requests.
class worker {
public:
    /// Throws std::system_error with mizzen::errc::context_closed.
    explicit worker(const worker_options& options, const context& shared = context::instance());
    worker(worker&&) noexcept = default;
    worker& operator=(worker&& other) noexcept;
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;
    ~worker();

    void connect(std::string_view endpoint);
    void connect(std::string_view endpoint, std::error_code& ec);

    /// Takes the next request.
    ///
    /// limit    How long to wait for one; -1 has no end.
    /// Returns  Whether there was one; otherwise `out` is as it was.
    /// Errors   std::errc::timed_out, or mizzen::errc::would_block for no time at all;
    ///          mizzen::errc::socket_closed, also once drain has left none; context_closed.
    bool receive(incoming& out, milliseconds limit, std::error_code& ec);
    [[nodiscard]] incoming receive();

    /// Takes no new requests from the brokers, and waits until those that have come are received
    /// and answered, by other threads, and the brokers were told. Errors: std::errc::timed_out;
    /// socket_closed, ...
    bool drain(milliseconds limit, std::error_code& ec);
    /// Tells the brokers and closes, whatever is not answered.
    void close() noexcept;
    [[nodiscard]] worker_stats stats() const;

private:
    friend class incoming;
    class state;
    std::shared_ptr<state> state_;
};

} // namespace mizzen::majordomo::blocking

extern template class mizzen::patterns::blocking_client<mizzen::majordomo::blocking::client_state,
                                                        mizzen::majordomo::client_options,
                                                        mizzen::majordomo::client_stats>;
