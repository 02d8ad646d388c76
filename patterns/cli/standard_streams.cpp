// Reading and writing as much as a descriptor has or takes just now.
#include "standard_streams.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace mizzen::cli {
namespace {

constexpr std::size_t read_block = 64 * 1024; // octets

bool ready(int descriptor, short events) {
    pollfd asked{descriptor, events, 0};
    return ::poll(&asked, 1, 0) != 0; // an error is for the read or write to find
}

bool passing(int error) { return error == EINTR || error == EAGAIN || error == EWOULDBLOCK; }

} // namespace

// --- stdin ---

line_input::line_input(asio::io_context& io) : watch_{io, STDIN_FILENO, EPOLLIN} {}

std::string_view line_input::taken(std::size_t size, std::size_t behind) {
    const std::string_view line{buffer_.data() + begin_, size};
    begin_ += size + behind;
    scanned_ = begin_;
    ++number_;
    return line;
}

line_input::result line_input::next(std::string_view& line, std::error_code& ec) {
    for (;;) {
        const auto newline = buffer_.find('\n', scanned_);
        if (newline != std::string::npos) {
            line = taken(newline - begin_, 1);
            return result::line;
        }
        scanned_ = buffer_.size();
        if (ended_ && begin_ == buffer_.size())
            return result::end;
        if (ended_) {
            line = taken(buffer_.size() - begin_, 0);
            return result::line;
        }
        if (buffer_.size() - begin_ > longest_line) {
            ec = std::make_error_code(std::errc::message_size);
            return result::failed;
        }
        ec.clear();
        if (!read(ec))
            return ec ? result::failed : result::blocked;
    }
}

// False without an error when there is nothing yet.
bool line_input::read(std::error_code& ec) {
    if (!ready(STDIN_FILENO, POLLIN))
        return false;
    buffer_.erase(0, begin_);
    scanned_ -= begin_;
    begin_ = 0;
    const std::size_t old = buffer_.size();
    buffer_.resize(old + read_block);
    const ssize_t got = ::read(STDIN_FILENO, buffer_.data() + old, read_block);
    buffer_.resize(old + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got >= 0) {
        ended_ = got == 0;
        return true;
    }
    if (!passing(errno))
        ec.assign(errno, std::system_category());
    return false;
}

// --- stdout ---

text_output::text_output(asio::io_context& io)
    : room_{io, STDOUT_FILENO, EPOLLOUT}, closed_{io, STDOUT_FILENO, 0} {}

bool text_output::flush(std::error_code& ec) {
    // What a pipe that has room at all takes without waiting.
    constexpr std::size_t piece = 4096;
    while (!empty() && (room_.always_ready() || ready(STDOUT_FILENO, POLLOUT))) {
        const std::size_t left = text_.size() - written_;
        const ssize_t put = ::write(STDOUT_FILENO, text_.data() + written_,
                                    room_.always_ready() ? left : std::min(left, piece));
        if (put >= 0) {
            written_ += static_cast<std::size_t>(put);
        } else if (passing(errno)) {
            break;
        } else {
            ec.assign(errno, std::system_category());
            return false;
        }
    }
    if (empty()) {
        text_.clear();
        written_ = 0;
        if (text_.capacity() > 16 * enough)
            text_.shrink_to_fit();
    }
    return true;
}

} // namespace mizzen::cli
