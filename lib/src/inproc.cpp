// Pipes between sockets of one process, and their names.
#include "inproc.hpp"

#include <asio/error.hpp>

#include <utility>
#include <vector>

namespace mizzen::detail {

// --- Pipes ---

inproc_pipe::inproc_pipe(pipe_identity connector) { connector_.who = std::move(connector); }

void inproc_pipe::call(const std::shared_ptr<doorbell>& bell, peer_id key) {
    if (bell)
        bell->ring(key);
}

void inproc_pipe::accept(pipe_identity listener) {
    std::shared_ptr<doorbell> bell;
    {
        const std::lock_guard lock{guard_};
        listener_.who = std::move(listener);
        accepted_ = true;
        bell = connector_.who.bell;
    }
    call(bell, connector_.who.key);
}

std::optional<pipe_identity> inproc_pipe::accepted() {
    const std::lock_guard lock{guard_};
    return accepted_ ? std::optional{listener_.who} : std::nullopt;
}

bool inproc_pipe::put(pipe_end from, mail_bag& out, const room& most) {
    side& to = opposite(from);
    std::shared_ptr<doorbell> bell;
    peer_id key = 0;
    {
        const std::lock_guard lock{guard_};
        if (to.box.empty() ||
            ((most.messages == 0 || to.box.size() + out.size() <= most.messages) &&
             to.box.octets() + out.octets() <= most.octets)) {
            to.box.append(out);
        } else {
            at(from).waits = true;
            return false;
        }
        bell = to.who.bell;
        key = to.who.key;
    }
    call(bell, key);
    return true;
}

bool inproc_pipe::take(pipe_end at_end, mail_bag& in, std::size_t most) {
    side& mine = at(at_end);
    side& theirs = opposite(at_end);
    std::shared_ptr<doorbell> bell;
    peer_id key = 0;
    {
        const std::lock_guard lock{guard_};
        if (most == 0 || mine.box.size() <= most) {
            mine.box.swap(in);
        } else {
            for (; most != 0; --most) {
                message taken;
                if (!mine.box.pop(taken))
                    return true;
                in.push(std::move(taken));
            }
            return true;
        }
        if (!std::exchange(theirs.waits, false))
            return false;
        bell = theirs.who.bell;
        key = theirs.who.key;
    }
    call(bell, key);
    return false;
}

void inproc_pipe::close(pipe_end by, std::error_code why) {
    side& mine = at(by);
    side& theirs = opposite(by);
    std::shared_ptr<doorbell> bell;
    peer_id key = 0;
    {
        const std::lock_guard lock{guard_};
        if (!std::exchange(mine.open, false))
            return;
        mine.who.bell.reset();
        mine.box.clear();
        if (!why_)
            why_ = why;
        bell = theirs.who.bell;
        key = theirs.who.key;
    }
    call(bell, key);
}

bool inproc_pipe::closed(pipe_end other, std::error_code& why) {
    const std::lock_guard lock{guard_};
    why = why_;
    return !at(other).open;
}

// --- Names ---

void inproc_names::bind(const std::string& name, std::shared_ptr<doorbell> listener,
                        std::error_code& ec) {
    std::vector<waiting> found;
    {
        const std::lock_guard lock{guard_};
        if (!listeners_.emplace(name, listener).second) {
            ec = asio::error::address_in_use;
            return;
        }
        const auto [first, last] = waiting_.equal_range(name);
        for (auto at = first; at != last; ++at)
            found.push_back(std::move(at->second));
        waiting_.erase(first, last);
    }
    const time_point now = std::chrono::steady_clock::now();
    for (waiting& each : found)
        if (!each.left || !each.until || now < *each.until)
            listener->arrive({std::move(each.pipe), "inproc://" + name});
}

void inproc_names::unbind(const std::string& name, const doorbell& listener) {
    const std::lock_guard lock{guard_};
    const auto found = listeners_.find(name);
    if (found != listeners_.end() && found->second.get() == &listener)
        listeners_.erase(found);
}

void inproc_names::connect(const std::string& name, std::shared_ptr<inproc_pipe> pipe) {
    std::shared_ptr<doorbell> listener;
    {
        const std::lock_guard lock{guard_};
        const auto found = listeners_.find(name);
        if (found == listeners_.end()) {
            waiting_.emplace(name, waiting{std::move(pipe), {}});
            return;
        }
        listener = found->second;
    }
    listener->arrive({std::move(pipe), "inproc://" + name});
}

void inproc_names::leave(const std::string& name, const inproc_pipe& pipe,
                         std::optional<time_point> until) {
    const time_point now = std::chrono::steady_clock::now();
    const std::lock_guard lock{guard_};
    const auto [first, last] = waiting_.equal_range(name);
    for (auto at = first; at != last;) {
        waiting& each = at->second;
        if (each.pipe.get() == &pipe) {
            each.left = true;
            each.until = until;
        }
        const bool over = each.left && each.until && *each.until <= now;
        at = over ? waiting_.erase(at) : std::next(at);
    }
}

} // namespace mizzen::detail
