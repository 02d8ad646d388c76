// Half of a Binary Star around anything that serves: PUB and SUB with the peer, time, control.
#pragma once

#include <mizzen/patterns/binary_star/error.hpp>
#include <mizzen/patterns/binary_star/star_core.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/execution_context.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace mizzen::binary_star {

/// What a star calls, on its executor; any may be left out. None may destroy the star.
struct star_hooks {
    std::function<void()> activated;   ///< Begin to serve.
    std::function<void()> deactivated; ///< Serve no more. The peer is told after this.
    /// See that the peer cannot serve, and answer whether it worked: now, or later on the executor.
    /// Asked for before each activation; the half is not active before the answer is yes.
    std::function<void(reason, std::function<void(bool)> answer)> fence;
    /// A hand-over begins: finish what is at hand, while votes are refused, and call `done`.
    std::function<void(std::function<void()> done)> drain;
    /// The hand-over that `drain` was for came to nothing: serve on.
    std::function<void()> resumed;
    std::function<void()> decided; ///< A vote that was to wait may be made again.
    std::function<void(happening)> happened;
};

/// Serves nobody itself: whoever does asks vote() for each request of a client.
///
/// Threads    All calls are made on the executor, which has to be serial, as a socket's.
/// Lifetime   Destroying a star stops it.
class star {
public:
    using executor_type = asio::any_io_executor;
    using verdict = star_core::verdict;

    star(const asio::any_io_executor& executor, const star_options& options, star_hooks hooks = {});
    template <std::derived_from<asio::execution_context> Context>
    star(Context& context, const star_options& options, star_hooks hooks = {})
        : star{context.get_executor(), options, std::move(hooks)} {}
    star(star&&) noexcept = default;
    star& operator=(star&& other) noexcept;
    star(const star&) = delete;
    star& operator=(const star&) = delete;
    ~star();

    [[nodiscard]] executor_type get_executor() const noexcept;

    /// Where the peer hears of this half, and where this half hears of the peer: that one's
    /// bind_peer. Each may be given several times, a link of its own each. bind_peer returns the
    /// endpoint with the port that it got. Errors: those of a socket's bind, and of
    /// parse_endpoint. The forms without `ec` throw std::system_error.
    std::string bind_peer(std::string_view endpoint);
    std::string bind_peer(std::string_view endpoint, std::error_code& ec);
    void connect_peer(std::string_view endpoint);
    void connect_peer(std::string_view endpoint, std::error_code& ec);

    /// Answers a REQ that says "status" or "switch"; see the README for its words.
    std::string bind_control(std::string_view endpoint);
    std::string bind_control(std::string_view endpoint, std::error_code& ec);

    /// A client asks for service. To be called for nothing else.
    [[nodiscard]] verdict vote();

    /// Has the peer serve instead, once the hook `drain` is done or `limit` has passed; a limit of
    /// 0 waits for nothing. `done` is called once, on the executor.
    ///
    /// Errors  those of errc; this half then goes on as it was.
    void hand_over(milliseconds limit, std::function<void(std::error_code)> done);

    /// Says no more to the peer, which takes over once a client asks it. No hook is called.
    void stop() noexcept;

    [[nodiscard]] const star_core& core() const noexcept;

private:
    class shell;
    std::shared_ptr<shell> shell_;
};

} // namespace mizzen::binary_star
