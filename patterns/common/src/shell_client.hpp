// How clients hand on what they are told, for the patterns to instantiate.
#pragma once

#include "hosted.hpp"
#include <mizzen/patterns/common/async_client.hpp>

#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

namespace mizzen::patterns {

template <class Shell, class Options, class Stats>
async_client<Shell, Options, Stats>::async_client(const asio::any_io_executor& executor,
                                                  const Options& options)
    : shell_{std::make_shared<Shell>(executor, options)} {}

template <class Shell, class Options, class Stats>
async_client<Shell, Options, Stats>&
async_client<Shell, Options, Stats>::operator=(async_client&& other) noexcept {
    if (this != &other) {
        stop();
        shell_ = std::move(other.shell_);
    }
    return *this;
}

template <class Shell, class Options, class Stats>
async_client<Shell, Options, Stats>::~async_client() {
    stop();
}

template <class Shell, class Options, class Stats>
auto async_client<Shell, Options, Stats>::get_executor() const noexcept -> executor_type {
    return shell_->executor();
}

template <class Shell, class Options, class Stats>
void async_client<Shell, Options, Stats>::connect(std::string_view endpoint, std::error_code& ec) {
    shell_->connect(endpoint, ec);
}
template <class Shell, class Options, class Stats>
void async_client<Shell, Options, Stats>::connect(std::string_view endpoint) {
    or_throw("connect", [&](std::error_code& ec) { connect(endpoint, ec); });
}

template <class Shell, class Options, class Stats>
void async_client<Shell, Options, Stats>::stop() noexcept {
    if (shell_)
        shell_->stop();
}

template <class Shell, class Options, class Stats>
const Stats& async_client<Shell, Options, Stats>::stats() const noexcept {
    return shell_->stats();
}

template <class Shell, class Options, class Stats>
void async_client<Shell, Options, Stats>::cancel(const std::weak_ptr<Shell>& owner,
                                                 std::uint64_t number) {
    if (const auto alive = owner.lock())
        alive->cancel(number);
}

} // namespace mizzen::patterns
