// A line on stderr that rewrites itself.
#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <functional>
#include <string>

namespace mizzen::cli {

class progress_line {
public:
    /// `text` says how far it has come.
    progress_line(asio::io_context& io, std::function<std::string()> text);

    /// Shows it now, and then five times a second.
    void show();
    /// Shows it for the last time, if it was shown at all.
    void end();

private:
    void print() const;

    asio::steady_timer timer_;
    std::function<std::string()> text_;
    bool shown_ = false;
};

} // namespace mizzen::cli
