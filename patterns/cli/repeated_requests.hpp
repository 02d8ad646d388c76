// The same request, once or many times.
#pragma once

#include <mizzen/patterns/majordomo/client.hpp>

#include <asio/io_context.hpp>

#include <cstdint>
#include <string>

namespace mizzen::cli {

struct repeat_options {
    std::string service;
    std::uint64_t repeat = 1;
    std::uint64_t parallel = 1; ///< At a time.
    bool print = true;          ///< The replies, each part a line, in the order in which they come.
    bool summary = false;       ///< Counts, rate and percentiles, on stderr.
    bool progress = false;      ///< A line on stderr that rewrites itself.
};

/// Sends `body` as often as wanted. Gives the exit status: done if all were answered.
int request_repeatedly(asio::io_context& io, majordomo::client& client,
                       const repeat_options& options, const std::string& body);

} // namespace mizzen::cli
