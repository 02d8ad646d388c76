// The outside of Titanic's services: what comes in, what goes out, and time.
#include "service_state.hpp"

#include <algorithm>
#include <utility>

namespace mizzen::titanic {

using std::chrono::duration_cast;

service_core::state::state(const service_options& options, store& kept, id_source new_id,
                           std::uint64_t seed, service_moment at)
    : options_{options}, store_{kept}, new_id_{std::move(new_id)}, random_{seed}, at_{at},
      running_{random_.next()}, recent_{options.recent_octets, random_.next()} {
    target_service* last = nullptr; // most requests have the same as the one before
    store_.for_each(request_state::open, [&](const request_info& each) {
        if (last == nullptr || last->name != each.service)
            last = &service_named(each.service);
        enqueue(*last, each.id);
        return true;
    });
    start_attempts();
}

void service_core::state::commit_ended(service_moment at) {
    at_ = at;
    store_.end_commit(at.wall);
    blocked_ = false;
    if (store_.failure())
        return give_up();
    acknowledge();
    try_changes(at);
    try_waiting(at);
    start_attempts();
}

void service_core::state::handle_timeout(service_moment at) {
    at_ = at;
    static_cast<void>(store_.expire(at.wall));
    end_pauses(at.now);
    start_attempts();
}

void service_core::state::drain(service_moment at) {
    at_ = at;
    draining_ = true;
    try_changes(at);
}

bool service_core::state::next_answer(answer& out) {
    if (answers_.empty())
        return false;
    out = answers_.pop_front();
    return true;
}

bool service_core::state::next_dispatch(dispatch& out) {
    if (dispatches_.empty())
        return false;
    out = dispatches_.pop_front();
    return true;
}

bool service_core::state::next_read(read& out) {
    if (reads_out_.empty())
        return false;
    out = reads_out_.pop_front();
    return true;
}

commit_job* service_core::state::next_commit(service_moment at) {
    at_ = at;
    return store_.begin_commit(at.wall);
}

std::optional<time_point> service_core::state::deadline() const noexcept {
    std::optional<time_point> due;
    if (!pauses_.empty() && !draining_)
        due = pauses_.front().until;
    if (const auto of_store = store_.deadline()) {
        const time_point at =
            at_.now + std::clamp(*of_store - at_.wall, milliseconds{0}, milliseconds{3'600'000});
        due = due ? std::min(*due, at) : at;
    }
    return due;
}

bool service_core::state::idle() const noexcept {
    return acknowledgements_.empty() && waiting_.empty() && changes_.empty() &&
           running_.size() == 0 && octets_being_read_ == 0 && reads_to_start_.empty();
}

service_core::service_core(const service_options& options, store& kept, id_source new_id,
                           std::uint64_t seed, service_moment at)
    : state_{std::make_unique<state>(options, kept, std::move(new_id), seed, at)} {}
service_core::~service_core() = default;

void service_core::call(std::uint64_t call, std::string_view service, message&& body,
                        service_moment at) {
    state_->call(call, service, std::move(body), at);
}
void service_core::attempt_ended(std::uint64_t attempt, attempt_end how, message&& body,
                                 service_moment at) {
    state_->attempt_ended(attempt, how, std::move(body), at);
}
void service_core::read_ended(std::uint64_t which, const std::vector<std::byte>& body,
                              std::error_code ec, service_moment at) {
    state_->read_ended(which, body, ec, at);
}
void service_core::commit_ended(service_moment at) { state_->commit_ended(at); }
void service_core::handle_timeout(service_moment at) { state_->handle_timeout(at); }
void service_core::drain(service_moment at) { state_->drain(at); }
bool service_core::next_answer(answer& out) { return state_->next_answer(out); }
bool service_core::next_dispatch(dispatch& out) { return state_->next_dispatch(out); }
bool service_core::next_read(read& out) { return state_->next_read(out); }
commit_job* service_core::next_commit(service_moment at) { return state_->next_commit(at); }
std::optional<time_point> service_core::deadline() const noexcept { return state_->deadline(); }
bool service_core::idle() const noexcept { return state_->idle(); }
const service_stats& service_core::stats() const noexcept { return state_->stats; }

} // namespace mizzen::titanic
