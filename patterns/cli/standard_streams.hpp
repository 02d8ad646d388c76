// Lines from stdin and text to stdout, which neither wait nor fill memory.
#pragma once

#include "descriptor_watch.hpp"

#include <asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace mizzen::cli {

/// Lines from stdin, read when they are wanted.
class line_input {
public:
    static constexpr std::size_t longest_line = std::size_t{64} << 20; // octets

    explicit line_input(asio::io_context& io);

    enum class result : std::uint8_t {
        line,    ///< Without its newline; valid until the next call. The last one may have none.
        blocked, ///< There is none yet: wait.
        end,
        failed, ///< Of reading; `ec` says why. A line longer than any is message_size.
    };
    result next(std::string_view& line, std::error_code& ec);
    /// How many lines were given.
    [[nodiscard]] std::size_t number() const noexcept { return number_; }

    /// Calls `handler` when next is worth a call.
    template <class Handler> void async_wait(Handler handler) {
        watch_.async_wait(std::move(handler));
    }

private:
    std::string_view taken(std::size_t size, std::size_t behind);
    bool read(std::error_code& ec);

    descriptor_watch watch_;
    std::string buffer_;
    std::size_t begin_ = 0;   // of what was not given yet
    std::size_t scanned_ = 0; // no newline between begin_ and here
    std::size_t number_ = 0;
    bool ended_ = false;
};

/// Text for stdout, which is kept until it can be written.
class text_output {
public:
    explicit text_output(asio::io_context& io);

    /// Where to add text.
    [[nodiscard]] std::string& text() noexcept { return text_; }
    [[nodiscard]] bool empty() const noexcept { return written_ == text_.size(); }
    /// Whether no more should be added now.
    [[nodiscard]] bool full() const noexcept { return text_.size() - written_ >= enough; }
    /// Writes what can be written without waiting. False, with `ec`, when that failed.
    bool flush(std::error_code& ec);

    /// Forgets what is not written.
    void drop() noexcept {
        text_.clear();
        written_ = 0;
    }

    /// Calls `handler` when more can be written.
    template <class Handler> void async_wait(Handler handler) {
        room_.async_wait(std::move(handler));
    }
    /// Calls `handler` when nobody reads any more, if that can be known.
    template <class Handler> void async_wait_closed(Handler handler) {
        if (!closed_.always_ready())
            closed_.async_wait(std::move(handler));
    }

private:
    static constexpr std::size_t enough = 64 * 1024; // octets

    descriptor_watch room_;
    descriptor_watch closed_;
    std::string text_;
    std::size_t written_ = 0;
};

} // namespace mizzen::cli
