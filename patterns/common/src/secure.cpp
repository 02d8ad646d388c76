// The watching of handshakes.
#include "secure.hpp"

#include <mizzen/dealer.hpp>
#include <mizzen/monitor.hpp>

#include <memory>
#include <utility>

namespace mizzen::patterns {
namespace {

/// Lives as long as the socket has something to tell.
class watcher : public std::enable_shared_from_this<watcher> {
public:
    watcher(mizzen::detail::basic_socket& socket, handshake_watch tell)
        : events_{socket}, tell_{std::move(tell)} {}

    void wait() {
        events_.async_receive_event(
            [self = shared_from_this()](std::error_code ec, const connection_event& event) {
                if (ec)
                    return;
                const bool given_up = event.kind == event_kind::ended && event.reason;
                if (event.kind == event_kind::handshake_failed || given_up)
                    self->tell_(event);
                self->wait();
            });
    }

private:
    monitor events_;
    handshake_watch tell_;
};

} // namespace

void check_security(const asio::any_io_executor& executor, const option::security& wanted) {
    if (is_open(wanted))
        return;
    dealer tried{executor};
    tried.set(wanted);
}

void watch_handshakes(mizzen::detail::basic_socket& socket, const handshake_watch& watch) {
    std::make_shared<watcher>(socket, watch)->wait();
}

} // namespace mizzen::patterns
