// How blocking clients do what they do, for the patterns to instantiate.
#pragma once

#include "hosted.hpp"
#include <mizzen/patterns/common/blocking_client.hpp>

namespace mizzen::patterns {

template <class State, class Options, class Stats>
blocking_client<State, Options, Stats>::blocking_client(const Options& options,
                                                        const context& shared)
    : state_{make_hosted<State>(options, shared)} {}

template <class State, class Options, class Stats>
blocking_client<State, Options, Stats>&
blocking_client<State, Options, Stats>::operator=(blocking_client&& other) noexcept {
    if (this != &other) {
        close();
        state_ = std::move(other.state_);
    }
    return *this;
}

template <class State, class Options, class Stats>
blocking_client<State, Options, Stats>::~blocking_client() {
    close();
}

template <class State, class Options, class Stats>
void blocking_client<State, Options, Stats>::connect(std::string_view endpoint,
                                                     std::error_code& ec) {
    state_->connect(endpoint, ec);
}
template <class State, class Options, class Stats>
void blocking_client<State, Options, Stats>::connect(std::string_view endpoint) {
    or_throw("connect", [&](std::error_code& ec) { connect(endpoint, ec); });
}

template <class State, class Options, class Stats>
message blocking_client<State, Options, Stats>::request(const service_name& service, message body,
                                                        std::error_code& ec) {
    return state_->request(
        [&](auto& asked, auto handler) {
            asked.async_request(service, std::move(body), std::move(handler));
        },
        ec);
}
template <class State, class Options, class Stats>
message blocking_client<State, Options, Stats>::request(const service_name& service, message body) {
    return or_throw("request",
                    [&](std::error_code& ec) { return request(service, std::move(body), ec); });
}

template <class State, class Options, class Stats>
void blocking_client<State, Options, Stats>::close() noexcept {
    close_hosted(state_);
}
template <class State, class Options, class Stats>
Stats blocking_client<State, Options, Stats>::stats() const {
    return state_->stats();
}

} // namespace mizzen::patterns
