// A Simple Pirate queue: the Paranoid Pirate's without heartbeats, for workers that are REQs.
#pragma once

#include <mizzen/patterns/paranoid_pirate/queue.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/execution_context.hpp>

#include <concepts>

namespace mizzen::simple_pirate {

using paranoid_pirate::queue_options;
using paranoid_pirate::queue_stats;

/// A worker is lost when its connection is, or when it is silent in a job for request_timeout.
/// Options of heartbeats mean nothing here.
class queue : public paranoid_pirate::queue {
public:
    explicit queue(const asio::any_io_executor& executor, const queue_options& options = {})
        : paranoid_pirate::queue{executor, simple(options)} {}
    template <std::derived_from<asio::execution_context> Context>
    explicit queue(Context& context, const queue_options& options = {})
        : queue{context.get_executor(), options} {}

private:
    static queue_options simple(queue_options options) {
        options.speaks = paranoid_pirate::protocol::simple;
        return options;
    }
};

} // namespace mizzen::simple_pirate
