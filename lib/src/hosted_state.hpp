// A hosted loop, as its context knows it.
#pragma once

#include "gate.hpp"

#include <functional>
#include <memory>
#include <utility>

namespace mizzen::detail {

class context_state;

class hosted_state {
public:
    hosted_state(std::shared_ptr<context_state> owner, std::shared_ptr<gate> way_in)
        : context{std::move(owner)}, door{std::move(way_in)} {}

    const std::shared_ptr<context_state> context;
    const std::shared_ptr<gate> door; // held for what follows
    std::function<void()> end;        // when the context closes
    bool closed = false;
};

} // namespace mizzen::detail
