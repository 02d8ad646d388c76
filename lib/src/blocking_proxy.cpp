// The proxy of blocking sockets.
#include "socket_shell.hpp"
#include "steering.hpp"
#include <mizzen/blocking.hpp>

#include <array>
#include <utility>

namespace mizzen::detail {

class blocking_proxy {
public:
    blocking_proxy(blocking_base& front, blocking_base& back, blocking_base* capture,
                   blocking_base* control)
        : there_{front, back, stats_.front, stats_.back},
          back_{back, front, stats_.back, stats_.front}, capture_{capture}, control_{control} {}

    proxy_stats run(std::error_code& ec) {
        while (!ended_) {
            std::array<blocking::poll_item, 3> items{};
            std::size_t count = 0;
            for (const direction* each : {&there_, &back_})
                if (each->used && !paused_)
                    items[count++] = waits_for(*each);
            if (control_ != nullptr)
                items[count++] = {control_};
            if (count == 0)
                break; // nothing will ever go either way
            blocking::poll({items.data(), count}, milliseconds{-1}, ec);
            if (!ec && control_ != nullptr)
                obey(ec);
            for (direction* each : {&there_, &back_})
                if (!ec && each->used && !paused_ && !ended_)
                    carry(*each, ec);
            if (ec)
                break;
        }
        for (const direction* each : {&there_, &back_})
            stats_.dropped += each->held.empty() ? 0U : 1U;
        return stats_;
    }

private:
    static constexpr int most_at_once = 256;
    static constexpr milliseconds at_once{0};
    static constexpr milliseconds for_room{10};

    struct direction {
        direction(blocking_base& source, blocking_base& target, proxy_stats::side& incoming,
                  proxy_stats::side& outgoing)
            : from{source}, to{target}, in{incoming}, out{outgoing},
              used{receives(type_of(source)) && sends(type_of(target))} {}
        blocking_base& from;
        blocking_base& to;
        proxy_stats::side& in;
        proxy_stats::side& out;
        bool used;
        message held; // received, and not taken yet
    };

    static zmtp::socket_type type_of(const blocking_base& socket) {
        return socket.shell()->core().type();
    }
    static blocking::poll_item waits_for(const direction& d) {
        return d.held.empty() ? blocking::poll_item{&d.from}
                              : blocking::poll_item{&d.to, false, true};
    }
    void carry(direction& d, std::error_code& ec) {
        for (int count = 0; count < most_at_once; ++count) {
            const bool again = !d.held.empty();
            if (!again && !take(d, ec))
                return;
            // What could be sent, and was not: the peer that it is for is slow.
            d.to.send(d.held, again ? for_room : at_once, ec);
            if (ec == errc::would_block || ec == std::errc::timed_out) {
                ec.clear();
                return;
            }
            if (ec == errc::socket_closed || ec == errc::context_closed || ec == errc::in_use)
                return;
            stats_.dropped += ec ? 1U : 0U;
            ec.clear();
            d.held.clear();
        }
    }
    bool take(direction& d, std::error_code& ec) {
        if (!d.from.receive(d.held, at_once, ec)) {
            if (ec == errc::would_block)
                ec.clear();
            return false;
        }
        const std::uint64_t size = octets_of(d.held);
        ++d.in.messages_in;
        d.in.octets_in += size;
        ++d.out.messages_out;
        d.out.octets_out += size;
        if (capture_ != nullptr) {
            message copy = d.held.share();
            std::error_code ignored;
            capture_->send(copy, at_once, ignored);
        }
        return true;
    }
    void obey(std::error_code& ec) {
        message m;
        while (!ended_ && control_->receive(m, at_once, ec)) {
            const steering command = read_steering(m);
            if (type_of(*control_) == zmtp::socket_type::rep) {
                message answer = answer_to(command, stats_);
                control_->send(answer, at_once, ec);
            }
            if (command == steering::pause || command == steering::resume)
                paused_ = command == steering::pause;
            ended_ = command == steering::terminate;
        }
        if (ec == errc::would_block)
            ec.clear();
    }

    proxy_stats stats_;
    direction there_;
    direction back_;
    blocking_base* capture_;
    blocking_base* control_;
    bool paused_ = false;
    bool ended_ = false;
};

} // namespace mizzen::detail

namespace mizzen::blocking {

proxy_stats proxy(mizzen::detail::blocking_base& front, mizzen::detail::blocking_base& back,
                  mizzen::detail::blocking_base* capture, mizzen::detail::blocking_base* control,
                  std::error_code& ec) {
    ec.clear();
    return mizzen::detail::blocking_proxy{front, back, capture, control}.run(ec);
}

} // namespace mizzen::blocking
