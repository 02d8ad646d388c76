// What both ways to run Titanic have alike: the core, its store, the store's thread, and time.
#pragma once

#include "store_thread.hpp"
#include <mizzen/detail/seldom_in_vain.hpp>
#include <mizzen/patterns/titanic/service_core.hpp>

#include <asio/any_io_executor.hpp>

#include <shell_timer.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

namespace mizzen::titanic {

/// Carries what goes in and out of the core. Whoever has the connections derives from it, and says
/// open() before anything else. Everything but the store's jobs is on the executor.
class service_shell : public std::enable_shared_from_this<service_shell> {
public:
    service_shell(const asio::any_io_executor& executor, std::unique_ptr<store> kept,
                  const service_options& options);
    service_shell(const service_shell&) = delete;
    service_shell& operator=(const service_shell&) = delete;

    void call(std::uint64_t call, std::string_view service, message&& body);
    void attempt_ended(std::uint64_t attempt, attempt_end how, message&& body);

    void open();
    void drain();
    /// Whether everything that was under way is over; after a drain that is for good.
    [[nodiscard]] bool idle() const noexcept;
    /// Commits what is left, and closes the store. Nothing is answered or sent any more.
    void close(std::error_code& ec);
    /// Leaves everything as it is on the disk, like a crash. The store's lock is free at once.
    void abandon() noexcept;
    [[nodiscard]] bool closed() const noexcept { return !thread_; }

    [[nodiscard]] const asio::any_io_executor& executor() const noexcept { return executor_; }
    [[nodiscard]] const service_stats& stats() const noexcept {
        return core_ ? core_->stats() : last_stats_;
    }
    [[nodiscard]] store_stats kept() const noexcept {
        return store_ ? store_->stats() : last_kept_;
    }
    [[nodiscard]] std::error_code failure() const noexcept {
        return store_ ? store_->failure() : last_failure_;
    }

protected:
    virtual ~service_shell() = default;

private:
    virtual void answer(service_core::answer&& what) = 0;
    virtual void dispatch(service_core::dispatch&& what) = 0;
    /// Something was done, after which it may be idle.
    virtual void moved() {}

    void act_soon();
    void act();
    void outcomes_came();
    void take_outcomes();
    void await_commit();
    void look();
    void set_timer();

    asio::any_io_executor executor_;
    std::unique_ptr<store> store_; ///< Null once it is closed, as the next two.
    std::unique_ptr<service_core> core_;
    patterns::shell_timer timer_;
    std::unique_ptr<store_thread> thread_;
    std::vector<store_thread::outcome> outcomes_;
    service_options options_;
    service_stats last_stats_; // once it is closed
    store_stats last_kept_;
    std::error_code last_failure_;
    bool acting_soon_ = false;
    mizzen::detail::seldom_in_vain looks_;
    patterns::time_point look_until_;
    bool looking_ = false;
    bool commit_ended_ = false; // while it looked
};

} // namespace mizzen::titanic
