// The client's links: to which broker, who is on them, and what becomes of those when one is lost.
#include "client_state.hpp"

#include <algorithm>
#include <utility>

namespace mizzen::majordomo {

// --- Links ---

std::uint32_t client_core::state::open_link() {
    std::uint32_t number = 0;
    if (closed_.empty()) {
        number = static_cast<std::uint32_t>(links_.size());
        links_.emplace_back();
        closed_.reserve(links_.size());
        idle_.reserve(links_.size());
    } else {
        number = closed_.back();
        closed_.pop_back();
    }
    links_[number] = {true, present_, 0, {}};
    ++lanes_;
    push(step::open, number, 0);
    return number;
}

void client_core::state::close_link(std::uint32_t number) {
    links_[number].open = false;
    links_[number].request = 0;
    --lanes_;
    std::erase(idle_, number);
    closed_.push_back(number);
    push(step::close, number, 0);
}

// An idle one, if it is to the broker that is asked now, or a new one.
std::uint32_t client_core::state::free_lane() {
    while (!idle_.empty()) {
        const std::uint32_t number = idle_.back();
        if (links_[number].broker == present_) {
            idle_.pop_back();
            return number;
        }
        close_link(number);
    }
    return lanes_ < options_.max_connections ? open_link() : no_link;
}

// --- Finding out what a broker knows ---

void client_core::state::ask(time_point now) {
    mode_ = mode::asking;
    probe_ = open_link();
    send_probe(probe_);
    probe_due_ = now + options_.probe_timeout;
}

void client_core::state::send_probe(std::uint32_t link) {
    message m{octets{}};
    frame_client_request(m, "mmi.broker", spoken());
    push(step::send, link, 0, std::move(m));
}

void client_core::state::learn(const to_client& in, const message& m, time_point now) {
    const std::uint32_t link = std::exchange(probe_, no_link);
    probe_due_.reset();
    unanswered_ = 0;
    std::size_t index = 0;
    bool known = false;
    bool knows_tags = false;
    ids_known_ = false;
    for (const octets part : m) {
        if (index == in.head)
            known = zmtp::as_text(part) == "200";
        const auto text = index > in.head ? zmtp::as_text(part) : std::string_view{};
        knows_tags = knows_tags || text == request_tag::prefix;
        ids_known_ = ids_known_ || text.starts_with("duplicates=");
        ++index;
    }
    if (known && knows_tags) {
        mode_ = mode::aware;
        shared_ = link;
        ever_aware_ = true;
        while (!idle_.empty())
            close_link(idle_.back());
    } else {
        mode_ = mode::plain;
        idle_.push_back(link);
    }
    give_out(now);
}

void client_core::state::on_no_answer(time_point now) {
    if (mode_ == mode::aware)
        return leave_broker(now);
    if (probe_ != no_link)
        close_link(std::exchange(probe_, no_link));
    if (mode_ != mode::asking)
        return; // requests did not wait for it
    ++unanswered_;
    next_broker();
    if (!ever_aware_ && unanswered_ >= brokers_) {
        mode_ = mode::silent;
        return give_out(now);
    }
    for (record* r = waiting_.front(); r != nullptr; r = r->order.after)
        set_end(*r, now);
    ask(now);
}

// --- Leaving a broker ---

// Nothing was heard on the shared link since a request was sent: a broker that lives says so.
void client_core::state::check_shared(time_point now) {
    if (probe_due_)
        return;
    send_probe(shared_);
    probe_due_ = now + options_.probe_timeout;
}

void client_core::state::leave_broker(time_point now) {
    ++stats_.failovers;
    close_link(std::exchange(shared_, no_link));
    probe_due_.reset();
    mode_ = mode::asking; // nothing is given out meanwhile
    std::vector<record*> again;
    for (record* r = sent_.front(); r != nullptr; r = r->order.after)
        again.push_back(r);
    std::for_each(again.rbegin(), again.rend(), [&](record* r) {
        if (r->streaming)
            finish(*r, errc::interrupted, {});
        else
            wait_again(*r);
    });
    unanswered_ = 1;
    next_broker();
    ask(now);
}

void client_core::state::next_broker() noexcept {
    if (brokers_ > 1)
        present_ = (present_ + 1) % brokers_;
}

void client_core::state::link_lost(std::uint32_t number, time_point now) {
    if (number >= links_.size() || !links_[number].open)
        return;
    if (number == shared_)
        return leave_broker(now);
    if (number == probe_) {
        if (brokers_ > 1)
            link_refused(number, now);
        return; // it is brought up again, and the question is asked anew when its time is over
    }
    lose_lane(links_[number], now);
}

void client_core::state::link_refused(std::uint32_t number, time_point now) {
    if (number >= links_.size() || !links_[number].open || brokers_ < 2)
        return;
    if (number != probe_)
        return number == shared_ ? leave_broker(now) : lose_lane(links_[number], now);
    if (mode_ != mode::asking)
        return;
    close_link(std::exchange(probe_, no_link));
    probe_due_.reset();
    next_broker();
    for (record* r = waiting_.front(); r != nullptr; r = r->order.after)
        set_end(*r, now);
    if (++unanswered_ < brokers_)
        return ask(now);
    mode_ = mode::pausing;
    const auto rounds = static_cast<int>(std::min<std::uint32_t>(unanswered_ / brokers_, 20));
    resume_at_ = now + delay(std::max(rounds, 1));
}

void client_core::state::lose_lane(connection& lost, time_point now) {
    const auto number = static_cast<std::uint32_t>(&lost - links_.data());
    record* r = find(lost.request);
    if (lost.broker == present_ && brokers_ > 1) {
        ++stats_.failovers;
        next_broker();
    }
    if (r == nullptr)
        return close_link(number);
    if (r->streaming) {
        finish(*r, errc::interrupted, {});
        return give_out(now); // it made room for one that waits
    }
    if (r->at == record::phase::sent)
        set_timer(*r, now + delay(std::max(++r->timeouts, 1)));
    r->at = record::phase::pausing;
}

// --- What comes ---

namespace {

/// Half of a pair that lives, and answers no request.
bool stands_by(const message& answer) {
    return std::any_of(answer.begin(), answer.end(),
                       [](octets part) { return zmtp::as_text(part) == passive_word; });
}

} // namespace

void client_core::state::receive(std::uint32_t number, message&& m, time_point now) {
    const to_client in = parse_to_client(m, spoken());
    if (in.what == to_client::kind::malformed || number >= links_.size() || !links_[number].open) {
        ++stats_.malformed;
        return;
    }
    connection& from = links_[number];
    from.heard = now;
    if (number == shared_)
        probe_due_.reset();
    if (!in.tag && (number == probe_ || number == shared_) && in.service == "mmi.broker") {
        if (number == probe_ && in.what == to_client::kind::reply)
            learn(in, m, now);
        else if (number == shared_ && brokers_ > 1 && stands_by(m))
            leave_broker(now);
        return;
    }
    record* r = in.tag ? find(*in.tag) : find(from.request);
    const bool own =
        r != nullptr && (in.tag ? r->link == no_link && r->times_sent != 0 : r->link == number);
    if (!own || in.service != r->service) {
        ++stats_.mismatched;
        return;
    }
    const bool good = in.what == to_client::kind::reply && in.outcome == status::ok;
    take_reply(*r, in, std::move(m), now);
    if (good && mode_ == mode::silent && probe_ == no_link) { // a sign of life
        probe_ = free_lane();
        if (probe_ != no_link) {
            send_probe(probe_);
            probe_due_ = now + options_.probe_timeout;
        }
    }
    give_out(now);
}

} // namespace mizzen::majordomo
