// Word of what changes in a folder, from the system (inotify).
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <vector>

namespace mizzen::detail {

/// Watches a folder, and the way to it, so that it may go, be replaced, and come again. All calls
/// on its executor, but the first open.
class folder_watch {
public:
    enum class news : std::uint8_t { none, some };

    explicit folder_watch(asio::any_io_executor executor);

    [[nodiscard]] const asio::any_io_executor& executor() const noexcept { return executor_; }
    /// Begins to watch; `folder` is absolute. What changes from then on is told. Errors: what the
    /// system says, if it cannot be watched at all; that it is not there is none.
    void open(const std::filesystem::path& folder, std::error_code& ec);
    /// Waits until take is worth a call. After an error of take, that is some time.
    void async_wait(std::function<void(std::error_code)> then);
    /// Whether anything has happened since. An error is as for open: then nothing is watched.
    [[nodiscard]] news take(std::error_code& ec);
    void close();

private:
    void add(const std::filesystem::path& where, std::uint32_t events, std::string name,
             std::error_code& ec);
    void reopen(std::error_code& ec);
    [[nodiscard]] news look_at(std::string_view told);

    asio::any_io_executor executor_;
    asio::posix::stream_descriptor inotify_;
    asio::steady_timer retry_;
    std::filesystem::path folder_;
    // What is watched, and whose coming and going matters in it; of the folder itself, everybody's.
    std::unordered_map<int, std::vector<std::string>> watched_;
    bool way_changed_ = false; // so that something else may be at the folder's path
    bool closed_ = false;
};

} // namespace mizzen::detail
