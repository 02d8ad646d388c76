// Every request of a history, from its start to its end, and what must be true of each.
#pragma once

#include <mizzen/message.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mizzen::sim {

/// A history in which something does not hold; what() is the sentence that is broken.
class broken : public std::logic_error {
    using std::logic_error::logic_error;
};
inline void must(bool holds, const char* sentence) {
    if (!holds)
        throw broken{sentence};
}

/// What a history was made of, so that one sees that it was one.
struct made_of {
    std::uint64_t requests = 0;
    std::uint64_t replies = 0;
    std::uint64_t parts = 0;     ///< Before the last ones.
    std::uint64_t errors = 0;    ///< That clients were told of.
    std::uint64_t abandoned = 0; ///< By clients that had no reply in time.
    std::uint64_t killed = 0;    ///< Requests whose client was.
    std::uint64_t resent = 0;
    std::uint64_t redelivered = 0;
    std::uint64_t repeated = 0;   ///< Requests that ran more than once.
    std::uint64_t from_cache = 0; ///< Attempts whose request ran, or had run, already.
    std::uint64_t refused = 0;    ///< By queues that were full.
    std::uint64_t held_up = 0;    ///< Times that a client was not read any further.
    std::uint64_t expired = 0;    ///< Peers that were silent for too long.
    std::uint64_t crashes = 0;
    std::uint64_t faults = 0;   ///< Others: cuts, lost connections, stalls, clock steps.
    std::uint64_t messages = 0; ///< Of sockets alone.
    std::uint64_t lost_connections = 0;
};

inline constexpr std::pair<const char*, std::uint64_t made_of::*> parts_of_history[] = {
    {"requests", &made_of::requests},
    {"replies", &made_of::replies},
    {"parts of replies", &made_of::parts},
    {"errors", &made_of::errors},
    {"abandoned", &made_of::abandoned},
    {"killed with their client", &made_of::killed},
    {"sent again", &made_of::resent},
    {"redelivered", &made_of::redelivered},
    {"run more than once", &made_of::repeated},
    {"answered from a cache", &made_of::from_cache},
    {"refused", &made_of::refused},
    {"held up", &made_of::held_up},
    {"expired peers", &made_of::expired},
    {"crashes", &made_of::crashes},
    {"other faults", &made_of::faults},
    {"messages", &made_of::messages},
    {"lost connections", &made_of::lost_connections},
};
made_of& operator+=(made_of& total, const made_of& more);

/// How a client was told that its request is over.
enum class ending : std::uint8_t { reply, error, abandoned };

class ledger {
public:
    using number = std::uint32_t;

    int runs_a_sending = 1; ///< Times a request may run for each time it was sent.

    /// A client starts a request; its body, which says which one it is. `cannot_fail` asks for a
    /// reply whatever happens; `hears_parts` says that it is told of every part of an answer.
    number begin(bool cannot_fail = false, bool hears_parts = false);
    [[nodiscard]] static message body_of(number request);
    /// Nothing unless it is the first part of a request's body.
    [[nodiscard]] static std::optional<number> request_of(std::string_view first_part);

    void sent(std::string_view body);
    /// A handler is given a body, and makes this of it, which no other run does: `parts` before
    /// the answer itself.
    [[nodiscard]] message ran(const message& body, int parts = 0);
    [[nodiscard]] static message part_of(const message& answer, int part);
    /// A client is told of a part, with more to come.
    void heard_part(number request, const message& part);
    void ended(number request, ending how, const message& reply);
    /// Its client was killed: nobody will be told.
    void forgotten(number request);

    /// From now on handlers are quick and do not fail.
    bool calm = false;
    [[nodiscard]] std::size_t open() const noexcept { return open_; }
    [[nodiscard]] bool is_open(number request) { return !at(request).over; }
    void add_to(made_of& total) const;

private:
    struct entry {
        bool over = false;
        bool cannot_fail = false;
        bool gone = false;
        bool hears_parts = false;
        int sent = 0;
        int runs = 0;
        std::vector<int> parts{}; ///< Of each run's answer, the first one's first.
        std::string streaming{};  ///< The end of the answer that its client is in the midst of.
        int heard = 0;            ///< Parts of that.
        ending how = ending::abandoned;
    };
    entry& at(number request) { return entries_.at(request); }
    [[nodiscard]] static message answer_to(const message& body, std::size_t run, int parts);

    std::deque<entry> entries_;
    std::uint64_t parts_ = 0;
    std::size_t open_ = 0;
};

} // namespace mizzen::sim
