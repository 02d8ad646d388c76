// Bodies that are not in memory, and so are read elsewhere.
#include "service_state.hpp"
#include <mizzen/patterns/titanic/error.hpp>

#include <utility>

namespace mizzen::titanic {

/// For a call, or for an attempt: the other one is 0.
void service_core::state::read_body(std::uint64_t call, std::uint64_t attempt, const request_id& id,
                                    std::size_t size, std::error_code& ec) {
    body_reader from = store_.reader(id, ec);
    if (ec)
        return;
    if (unused_reads_.empty()) {
        unused_reads_.push_back(static_cast<std::uint32_t>(reads_.size()));
        reads_.emplace_back();
    }
    const std::uint32_t slot = unused_reads_.back();
    unused_reads_.pop_back();
    reads_[slot] = {call, attempt, size, reads_[slot].generation + 1, std::move(from)};
    reads_of_calls_ += attempt == 0 ? 1U : 0U;
    ++stats.reads;
    reads_to_start_.push_back() = slot;
    start_reads();
}

void service_core::state::start_reads() {
    while (!reads_to_start_.empty()) {
        pending_read& next = reads_[reads_to_start_.front()];
        if (octets_being_read_ != 0 && octets_being_read_ + next.octets > options_.max_read_octets)
            return;
        octets_being_read_ += next.octets + 1; // so that even an empty one counts
        reads_out_.push_back() = {(std::uint64_t{next.generation} << 32) |
                                      reads_to_start_.pop_front(),
                                  std::move(next.from)};
    }
}

void service_core::state::read_ended(std::uint64_t which, const std::vector<std::byte>& body,
                                     std::error_code ec, service_moment at) {
    at_ = at;
    const auto slot = static_cast<std::uint32_t>(which);
    if (slot >= reads_.size() || reads_[slot].generation != which >> 32)
        return;
    const pending_read ended = std::exchange(reads_[slot], {});
    reads_[slot].generation = ended.generation + 1; // nobody may end it twice
    unused_reads_.push_back(slot);
    octets_being_read_ -= ended.octets + 1;
    message frames;
    if (!ec && !restore_frames(body, frames))
        ec = make_error_code(errc::damaged);
    stats.damaged += ec ? 1U : 0U;
    if (ended.attempt == 0)
        read_for_call(ended.call, std::move(frames), ec);
    else
        read_for_attempt(ended.attempt, std::move(frames), ec, at);
    start_reads();
    start_attempts();
}

void service_core::state::read_for_call(std::uint64_t call, message&& body, std::error_code ec) {
    --reads_of_calls_;
    if (ec)
        return reply(call, service_status::failed, ec.message());
    ++stats.fetched;
    frame_answer(body);
    reply(call, std::move(body));
}

void service_core::state::read_for_attempt(std::uint64_t token, message&& body, std::error_code ec,
                                           service_moment at) {
    const place of = running_.by_token(token);
    if (of == id_table<attempt>::none)
        return;
    if (ec) // there is nothing to send, which somebody has to look at
        return change_or_wait({change::kind::set_aside, of}, at);
    if (!running_.linked(of))
        return end(of);
    if (draining_ || !store_.takes_changes())
        return end(of); // the store has it still
    send(of, std::move(body));
}

} // namespace mizzen::titanic
