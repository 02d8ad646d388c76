// The questions of a ZAP client.
#include "zap_core.hpp"

#include <algorithm>
#include <utility>

namespace mizzen::detail {
namespace {

authentication_answer broken(std::string why) {
    authentication_answer out;
    out.verdict = zmtp::verdict::server_error;
    out.reason = std::move(why);
    return out;
}

} // namespace

zap_core::zap_core(std::string_view handler, const zap_client_options& options)
    : handler_{handler}, options_{options} {}

std::uint64_t zap_core::ask(const authentication_request& about, time_point now) {
    const std::uint64_t number = ++last_;
    ++stats_.requests;
    if (open_.size() >= options_.max_outstanding) {
        ++stats_.surplus;
        answers_.push_back({number, broken("too many questions wait for " + the_handler())});
        return number;
    }
    open_.try_emplace(number, number, about, now + options_.timeout);
    stats_.outstanding = open_.size();
    return number;
}

const message* zap_core::next_request() const noexcept {
    const auto at = open_.upper_bound(last_sent_);
    return at == open_.end() ? nullptr : &at->second.request;
}

void zap_core::sent() noexcept {
    const auto at = open_.upper_bound(last_sent_);
    if (at != open_.end())
        last_sent_ = at->first;
    ever_sent_ = std::max(ever_sent_, last_sent_);
}

void zap_core::connection_lost() noexcept { last_sent_ = 0; }

void zap_core::receive(const message& m) {
    zap_reply reply = read_zap_reply(m);
    const auto at = asked(reply.id);
    if (at == open_.end() && reply.fault == zap_fault::none)
        reply.fault = zap_fault::request_id;
    if (reply.fault == zap_fault::none) {
        ++(reply.answer.verdict == zmtp::verdict::accepted ? stats_.accepted : stats_.refused);
        last_fault_ = zap_fault::none;
        return end(at, std::move(reply.answer));
    }
    ++(reply.fault == zap_fault::request_id ? stats_.unexpected : stats_.malformed);
    if (at == open_.end())
        last_fault_ = reply.fault; // nobody's: all go on waiting
    else
        end(at, broken(the_handler() + " sent " + std::string{words_of(reply.fault)}));
}

std::optional<zap_core::time_point> zap_core::deadline() const noexcept {
    return open_.empty() ? std::nullopt : std::optional{open_.begin()->second.due};
}

void zap_core::handle_timeout(time_point now) {
    while (!open_.empty() && open_.begin()->second.due <= now) {
        ++stats_.timed_out;
        std::string why = the_handler() + " does not answer";
        if (!trouble_.empty())
            why += ": " + trouble_;
        else if (last_fault_ != zap_fault::none)
            why += ", but sent " + std::string{words_of(last_fault_)};
        end(open_.begin(), broken(std::move(why)));
    }
}

bool zap_core::next_answer(answer& out) {
    if (answers_.empty())
        return false;
    out = std::move(answers_.front());
    answers_.pop_front();
    return true;
}

zap_core::questions::iterator zap_core::asked(std::optional<std::uint64_t> number) noexcept {
    return number && *number <= ever_sent_ ? open_.find(*number) : open_.end();
}

void zap_core::end(questions::iterator at, authentication_answer what) {
    answers_.push_back({at->first, std::move(what)});
    open_.erase(at);
    stats_.outstanding = open_.size();
}

} // namespace mizzen::detail
