// The client's sending, sending again, and judging of replies.
#include <mizzen/patterns/majordomo/client_core.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace mizzen::majordomo {
namespace {

std::error_code to_error(status outcome) noexcept {
    switch (outcome) {
    case status::ok: return {};
    case status::handler_failed: return errc::handler_failed;
    case status::no_such_service: return errc::no_such_service;
    case status::queue_full: return errc::queue_full;
    case status::expired: return errc::expired;
    case status::given_up: return errc::given_up;
    case status::not_authorised: return errc::not_authorised;
    case status::stopping: return errc::stopping;
    }
    return errc::handler_failed; // a failure that has no name yet
}

} // namespace

client_core::client_core(const client_options& options, std::uint64_t seed)
    : options_{options}, seed_{seed} {}

void client_core::request(std::string_view service, message&& body, time_point now,
                          std::error_code& ec) {
    if (pending_) {
        ec = errc::request_pending;
        return;
    }
    if (!valid_service_name(service) || body.empty()) {
        ec = errc::malformed_request;
        return;
    }
    ec.clear();
    ++stats_.requests;
    pending_ = true;
    sent_ = 0;
    service_ = service;
    tag_.reset();
    frame_client_request(body, service);
    if (options_.aware) {
        tag_ = make_tag();
        frame_tag(body, *tag_);
    }
    kept_ = std::move(body);
    send_request(now);
}

request_tag client_core::make_tag() noexcept {
    constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
    const auto deadline = std::clamp<std::int64_t>(options_.deadline.count(), 0, most);
    return patterns::make_tag(seed_, ++tags_made_, static_cast<std::uint32_t>(deadline));
}

void client_core::send_request(time_point now) {
    if (!std::exchange(connected_, true))
        actions_.push_back({step::open, {}, {}});
    message m;
    if (++sent_ <= options_.retries)
        m = kept_.share();
    if (m.empty())
        m = std::move(kept_);
    actions_.push_back({step::send, std::move(m), {}});
    reply_due_ = now + options_.timeout;
}

void client_core::drop_connection() {
    if (std::exchange(connected_, false))
        actions_.push_back({step::close, {}, {}});
}

void client_core::cancel() {
    if (!pending_)
        return;
    drop_connection();
    finish(errc::cancelled, {});
}

void client_core::receive(message&& m, time_point /*now*/) {
    const to_client in = parse_to_client(m);
    if (in.what == to_client::kind::malformed) {
        ++stats_.malformed;
        return;
    }
    if (!pending_ || !connected_ || in.service != service_ || in.tag != tag_) {
        ++stats_.mismatched;
        return;
    }
    ++stats_.replies;
    const std::error_code ec = to_error(in.outcome);
    drop_frames(m, in.head);
    finish(ec, std::move(m));
}

std::optional<time_point> client_core::deadline() const noexcept {
    if (!pending_)
        return std::nullopt;
    return reply_due_;
}

void client_core::handle_timeout(time_point now) {
    if (!pending_ || now < reply_due_)
        return;
    drop_connection(); // a late reply must not pass for the answer to a later request
    if (kept_.empty())
        return finish(errc::timed_out, {});
    ++stats_.resent;
    send_request(now);
}

void client_core::finish(std::error_code ec, message&& m) {
    pending_ = false;
    kept_.clear();
    actions_.push_back({step::done, std::move(m), ec});
}

bool client_core::next_action(action& out) {
    if (next_action_ == actions_.size())
        return false;
    out = std::move(actions_[next_action_++]);
    if (next_action_ == actions_.size()) {
        actions_.clear();
        next_action_ = 0;
    }
    return true;
}

} // namespace mizzen::majordomo
