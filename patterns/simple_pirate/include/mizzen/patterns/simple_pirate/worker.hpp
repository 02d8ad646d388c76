// A Simple Pirate worker: the Paranoid Pirate's without heartbeats, with a REQ's frames.
#pragma once

#include <mizzen/patterns/paranoid_pirate/worker.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/execution_context.hpp>

#include <concepts>
#include <utility>

namespace mizzen::simple_pirate {

using paranoid_pirate::request_handler;
using paranoid_pirate::responder;
using paranoid_pirate::worker_options;
using paranoid_pirate::worker_stats;

/// Says READY on each connection: unlike the Guide's it is there again when the queue was
/// restarted. Options of heartbeats mean nothing here.
class worker : public paranoid_pirate::worker {
public:
    worker(const asio::any_io_executor& executor, const worker_options& options,
           request_handler serve)
        : paranoid_pirate::worker{executor, simple(options), std::move(serve)} {}
    template <std::derived_from<asio::execution_context> Context>
    worker(Context& context, const worker_options& options, request_handler serve)
        : worker{context.get_executor(), options, std::move(serve)} {}

private:
    static worker_options simple(worker_options options) {
        options.speaks = paranoid_pirate::protocol::simple;
        return options;
    }
};

} // namespace mizzen::simple_pirate
