// An epoll instance around one descriptor.
#include "descriptor_watch.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>

namespace mizzen::cli {

descriptor_watch::descriptor_watch(asio::io_context& io, int descriptor, std::uint32_t events)
    : waiter_{io} {
    const int instance = ::epoll_create1(EPOLL_CLOEXEC);
    if (instance == -1)
        throw std::system_error{errno, std::system_category(), "epoll_create1"};
    epoll_event wanted{};
    wanted.events = events;
    if (::epoll_ctl(instance, EPOLL_CTL_ADD, descriptor, &wanted) == 0)
        waiter_.assign(instance);
    else
        ::close(instance); // a file, which has nothing to wait for
}

} // namespace mizzen::cli
