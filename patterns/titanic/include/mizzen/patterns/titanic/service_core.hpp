// What Titanic decides: what is acknowledged when, what is sent to which service, who is told what.
#pragma once

#include <mizzen/patterns/titanic/service_options.hpp>
#include <mizzen/patterns/titanic/store.hpp>
#include <mizzen/patterns/titanic/wire.hpp>
#include <mizzen/zmtp/config.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

namespace mizzen::titanic {

using zmtp::time_point;

/// The time, by the clock that never goes back, and by the one on the wall.
struct service_moment {
    time_point now{};
    wall_time wall{};
};

/// How an attempt to have a request answered has ended.
enum class attempt_end : std::uint8_t {
    answered,
    failed,    ///< A worker had it, or may have had it, and there is no reply.
    not_tried, ///< No worker had it: none was there, or no broker, or too much waits there.
};

/// Titanic's services over a store. Holds no socket, no clock and no thread.
///
/// (A) hands something in:  call, attempt_ended, read_ended, commit_ended, handle_timeout, drain
/// (B) takes something out: next_answer, next_dispatch, next_read, next_commit, deadline, idle
/// After any (A), or a few of them, empty the first three of (B), then ask the others. The steady
/// time never goes back. Nothing a peer sends throws, save std::bad_alloc when memory is out.
///
/// What a client is told is true of the disk: a request is acknowledged, and a reply shown, once
/// the store has released it. Each service has a queue and a window of its own, so that no service
/// waits for another one's workers.
class service_core {
public:
    /// Makes ids that nobody can guess: who knows one may fetch the reply.
    using id_source = std::function<request_id()>;

    struct answer {
        std::uint64_t call = 0;
        message body;
    };
    struct dispatch {
        std::uint64_t attempt = 0;
        std::string_view service; ///< Valid until the next (A).
        message body;
        milliseconds limit{0}; ///< Of this attempt; 0 is none.
        /// Nobody has seen the service's workers since it was last without them: to ask for them
        /// first costs little.
        bool unseen = false;
    };
    struct read {
        std::uint64_t id = 0;
        body_reader from;
    };

    /// Takes over what is open in `kept`, which outlives it. `seed` is for the jitter and against
    /// ids that are chosen to be slow.
    service_core(const service_options& options, store& kept, id_source new_id, std::uint64_t seed,
                 service_moment at);
    service_core(const service_core&) = delete;
    service_core& operator=(const service_core&) = delete;
    ~service_core();

    /// A client's call of one of the services; it gets one answer.
    void call(std::uint64_t call, std::string_view service, message&& body, service_moment at);
    /// `body` is the reply's if there is one.
    void attempt_ended(std::uint64_t attempt, attempt_end how, message&& body, service_moment at);
    void read_ended(std::uint64_t which, const std::vector<std::byte>& body, std::error_code ec,
                    service_moment at);
    /// The job that next_commit gave has run.
    void commit_ended(service_moment at);
    void handle_timeout(service_moment at);
    /// Takes no new requests and sends none any more.
    void drain(service_moment at);

    /// The next of each, oldest first. False when there is none; `out` is then unchanged.
    [[nodiscard]] bool next_answer(answer& out);
    [[nodiscard]] bool next_dispatch(dispatch& out);
    [[nodiscard]] bool next_read(read& out);
    /// Null when there is nothing to commit, or when a job has not ended.
    [[nodiscard]] commit_job* next_commit(service_moment at);

    [[nodiscard]] std::optional<time_point> deadline() const noexcept;
    /// Nothing is under way: after drain, the store may be closed once no job runs.
    [[nodiscard]] bool idle() const noexcept;

    [[nodiscard]] const service_stats& stats() const noexcept;

private:
    class state;
    std::unique_ptr<state> state_;
};

} // namespace mizzen::titanic
