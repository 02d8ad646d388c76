// How progress is shown.
#include "progress_line.hpp"

#include <chrono>
#include <cstdio>
#include <system_error>
#include <utility>

namespace mizzen::cli {

progress_line::progress_line(asio::io_context& io, std::function<std::string()> text)
    : timer_{io}, text_{std::move(text)} {}

void progress_line::show() {
    shown_ = true;
    print();
    timer_.expires_after(std::chrono::milliseconds{200});
    timer_.async_wait([this](std::error_code ec) {
        if (!ec && shown_)
            show();
    });
}

void progress_line::end() {
    timer_.cancel();
    if (!std::exchange(shown_, false))
        return;
    print();
    std::fputc('\n', stderr);
}

void progress_line::print() const {
    std::fprintf(stderr, "\r%s", text_().c_str());
    std::fflush(stderr);
}

} // namespace mizzen::cli
