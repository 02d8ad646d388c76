// Where Titanic keeps requests and their replies: what an engine for that has to do.
#pragma once

#include <mizzen/patterns/titanic/request_id.hpp>
#include <mizzen/zmtp/octets.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace mizzen::titanic {

using std::chrono::milliseconds;
using zmtp::octets;
using wall_time = std::chrono::sys_time<milliseconds>;

/// A change's number: the next one's is larger. 0 is none.
using ticket = std::uint64_t;

enum class request_state : std::uint8_t {
    open,      ///< To be dispatched.
    done,      ///< The reply is there.
    set_aside, ///< Failed too often, and left for somebody to look at.
};

struct request_info {
    request_id id{};
    request_state state = request_state::open;
    std::string_view service;   ///< Valid until the store is changed.
    std::uint32_t attempts = 0; ///< That failed; it stops to count at 65535.
    std::size_t octets = 0;     ///< Of the request's body, or once it is done, of the reply's.
    wall_time at{};             ///< When it was stored; once it is done, when the reply was.
    ticket changed = 0;
    bool durable = false; ///< The last change is committed: what this says is what recovery finds.
};

struct store_stats {
    std::size_t open = 0;
    std::size_t done = 0;
    std::size_t set_aside = 0;
    std::uint64_t live_octets = 0;  ///< Of what would have to be kept, were all else dropped.
    std::uint64_t disk_octets = 0;  ///< Of all segments, as large as they are made.
    std::uint64_t spare_octets = 0; ///< Of the empty segment that is kept ready.
    std::size_t segments = 0;
    std::uint64_t commits = 0;
    std::uint64_t syncs = 0;   ///< Of commits; those that make and drop segments come on top.
    std::uint64_t records = 0; ///< Written, those moved among them.
    std::uint64_t moved = 0;   ///< Records, out of segments that were to be dropped.
    std::uint64_t dropped = 0; ///< Segments.
    std::uint64_t expired = 0; ///< Replies that nobody closed in time.
    std::uint64_t refused = 0; ///< Requests, for want of room.
};

/// Where bodies are read from, on any thread.
class body_source {
public:
    body_source() = default;
    body_source(const body_source&) = delete;
    body_source& operator=(const body_source&) = delete;
    virtual ~body_source() = default;
    /// Replaces `out`. errc::damaged if it is not what was written.
    virtual void read(std::uint64_t at, std::size_t size, const request_id& id,
                      std::vector<std::byte>& out, std::error_code& ec) const = 0;
};

/// Reads one body, on any thread and at any time: also once its request was closed.
class body_reader {
public:
    body_reader() = default;
    body_reader(std::shared_ptr<const body_source> from, std::uint64_t at, std::size_t size,
                const request_id& id) noexcept
        : from_{std::move(from)}, at_{at}, size_{size}, id_{id} {}

    [[nodiscard]] explicit operator bool() const noexcept { return from_ != nullptr; }
    /// Blocks on the disk if it has to. Not for a reader that was made with an error.
    void read(std::vector<std::byte>& out, std::error_code& ec) const {
        from_->read(at_, size_, id_, out, ec);
    }

private:
    std::shared_ptr<const body_source> from_;
    std::uint64_t at_ = 0;
    std::size_t size_ = 0;
    request_id id_{};
};

/// The writing and syncing of a group of changes.
class commit_job {
public:
    commit_job() = default;
    commit_job(const commit_job&) = delete;
    commit_job& operator=(const commit_job&) = delete;
    /// Blocks on the disk. On any thread, while the store is used on its own.
    virtual void run() noexcept = 0;

protected:
    ~commit_job() = default;
};

/// Requests and their replies. Holds no socket, no clock and no thread.
///
/// Each change goes into memory and gets a ticket. It counts once a commit has ended that says so:
///
///     const ticket mine = s.append_request(id, service, body, now, ec);
///     ...                                       // more of them: they share one write and one sync
///     if (commit_job* job = s.begin_commit(now)) // null: nothing to do, or one is under way
///         worker.post([&] { job->run(); loop.post([&] { s.end_commit(now); ... }); });
///     ...                                       // meanwhile changes gather for the next one
///     if (mine <= s.released()) acknowledge(mine); else if (s.failure()) say_that_it_failed();
///
/// `run` may as well be called in place, between the two. After any change, after end_commit and at
/// deadline(), ask begin_commit. All but `run` and body_reader belongs to one thread.
///
/// What is committed survives, says `changed`; what is not may survive too. Nothing throws, save
/// std::bad_alloc when memory is out, between a change's checks and the change. A failed commit is
/// the end: failure() says why, everything that was not released has failed, and what was may
/// still be read.
class store {
public:
    /// A body in pieces, which are stored one behind the other.
    using pieces = std::span<const octets>;

    store() = default;
    store(const store&) = delete;
    store& operator=(const store&) = delete;
    virtual ~store() = default; ///< As a crash: what was not committed is lost.

    // Changes. 0 with an error, and then nothing has changed. Any of them may be `busy`, and all of
    // them are `read_only` or `failed` when the store is.

    /// Errors: already_stored and id_in_use (of which only the former is the same service and
    /// body), too_large, bad_service, store_full, no_space.
    virtual ticket append_request(const request_id& id, std::string_view service, pieces body,
                                  wall_time now, std::error_code& ec) = 0;
    /// The request is done. Errors: unknown_request, wrong_state if it was already, too_large.
    virtual ticket append_reply(const request_id& id, pieces body, wall_time now,
                                std::error_code& ec) = 0;
    /// Forgets the request and its reply.
    virtual ticket close_request(const request_id& id, std::error_code& ec) = 0;
    /// An attempt has failed. Errors: unknown_request, wrong_state unless it is open.
    virtual ticket count_attempt(const request_id& id, std::error_code& ec) = 0;
    virtual ticket set_aside(const request_id& id, std::error_code& ec) = 0;
    /// What was set aside is open again, without failed attempts.
    virtual ticket reopen(const request_id& id, std::error_code& ec) = 0;
    /// Closes what is done for longer than the retention. How many; fewer than all when `busy`.
    virtual std::size_t expire(wall_time now) = 0;

    [[nodiscard]] virtual std::optional<request_info> find(const request_id& id) const = 0;
    /// The request's body, or once it is done, the reply's. Errors: unknown_request,
    /// not_yet_stored.
    [[nodiscard]] virtual body_reader reader(const request_id& id, std::error_code& ec) const = 0;
    /// All in one state, the oldest first, until `each` answers false; it must not change the
    /// store.
    virtual void for_each(request_state which,
                          const std::function<bool(const request_info&)>& each) const = 0;

    /// Null when there is nothing to write, sync, move or drop, or when a commit is under way.
    [[nodiscard]] virtual commit_job* begin_commit(wall_time now) = 0;
    /// After run: takes over how it went.
    virtual void end_commit(wall_time now) = 0;
    /// Changes up to this one are committed.
    [[nodiscard]] virtual ticket released() const noexcept = 0;
    /// When to call expire and begin_commit next, if nothing else happens.
    [[nodiscard]] virtual std::optional<wall_time> deadline() const noexcept = 0;

    /// Whether changes are taken: not by a store that was damaged, has failed or was closed.
    [[nodiscard]] virtual bool takes_changes() const noexcept = 0;
    /// Why nothing can be committed any more.
    [[nodiscard]] virtual std::error_code failure() const noexcept = 0;
    [[nodiscard]] virtual store_stats stats() const noexcept = 0;

    /// Commits what is left, in place, and marks the end. No commit is under way.
    virtual void close(wall_time now, std::error_code& ec) = 0;
};

} // namespace mizzen::titanic
