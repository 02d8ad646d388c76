// inotify's events, read for what they mean to one folder.
#include "folder_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace mizzen::detail {
namespace {

constexpr std::chrono::seconds retry_after{1}; // when nothing can be watched
constexpr std::uint32_t end_of_watch =
    IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED | IN_Q_OVERFLOW;
constexpr std::uint32_t on_the_way =
    IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::uint32_t in_the_folder = on_the_way | IN_CLOSE_WRITE | IN_ATTRIB;

// That one cannot look there, or that it is not there, is nothing that a later try would mend.
bool passing(int error) { return error == ENOENT || error == ENOTDIR || error == EACCES; }

} // namespace

folder_watch::folder_watch(asio::any_io_executor executor)
    : executor_{std::move(executor)}, inotify_{executor_}, retry_{executor_} {}

void folder_watch::open(const std::filesystem::path& folder, std::error_code& ec) {
    folder_ = folder;
    reopen(ec);
}

void folder_watch::reopen(std::error_code& ec) {
    ec.clear();
    std::error_code ignored;
    inotify_.close(ignored);
    watched_.clear();
    way_changed_ = false;
    const int descriptor = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (descriptor < 0) {
        ec = {errno, std::system_category()};
        return;
    }
    inotify_.assign(descriptor, ec);
    if (ec) {
        ::close(descriptor);
        return;
    }
    // From the root down: what is made meanwhile is found, or its parent tells of it.
    auto at = folder_.root_path();
    for (const auto& name : folder_.relative_path()) {
        if (!ec)
            add(at, on_the_way, name.string(), ec);
        at /= name;
    }
    if (!ec)
        add(folder_, in_the_folder, {}, ec);
    if (ec)
        inotify_.close(ignored);
}

void folder_watch::add(const std::filesystem::path& where, std::uint32_t events, std::string name,
                       std::error_code& ec) {
    const int watch = ::inotify_add_watch(inotify_.native_handle(), where.c_str(),
                                          events | IN_ONLYDIR | IN_MASK_ADD);
    if (watch >= 0)
        watched_[watch].push_back(std::move(name));
    else if (!passing(errno))
        ec = {errno, std::system_category()};
}

void folder_watch::async_wait(std::function<void(std::error_code)> then) {
    if (closed_)
        return;
    if (inotify_.is_open())
        return inotify_.async_wait(asio::posix::descriptor_base::wait_read, std::move(then));
    retry_.expires_after(retry_after);
    retry_.async_wait(std::move(then));
}

folder_watch::news folder_watch::take(std::error_code& ec) {
    ec.clear();
    auto what = news::none;
    alignas(inotify_event) std::array<char, 16 * 1024> told;
    while (inotify_.is_open()) {
        const ssize_t size = ::read(inotify_.native_handle(), told.data(), told.size());
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0) {
            way_changed_ = way_changed_ || errno != EAGAIN;
            break;
        }
        if (look_at({told.data(), static_cast<std::size_t>(size)}) == news::some)
            what = news::some;
    }
    if (way_changed_ || !inotify_.is_open()) {
        what = news::some;
        reopen(ec);
    }
    return what;
}

folder_watch::news folder_watch::look_at(std::string_view told) {
    auto what = news::none;
    inotify_event event{};
    while (told.size() >= sizeof event) {
        std::memcpy(&event, told.data(), sizeof event);
        told.remove_prefix(sizeof event);
        const std::string_view field = told.substr(0, event.len);
        const std::string_view name = field.substr(0, field.find('\0'));
        told.remove_prefix(field.size());
        const auto watch = watched_.find(event.wd);
        const bool by_name =
            watch != watched_.end() &&
            std::find(watch->second.begin(), watch->second.end(), name) != watch->second.end();
        const bool is_folder = watch != watched_.end() && watch->second.back().empty();
        way_changed_ =
            way_changed_ || (event.mask & end_of_watch) != 0 || (by_name && !name.empty());
        if (is_folder)
            what = news::some;
    }
    return what;
}

void folder_watch::close() {
    closed_ = true;
    std::error_code ignored;
    inotify_.close(ignored);
    retry_.cancel();
}

} // namespace mizzen::detail
