// Between the core of Titanic's services and the store's thread.
#include "service_shell.hpp"

#include "little_endian.hpp"

#include <asio/post.hpp>

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <utility>

namespace mizzen::titanic {
namespace {

using patterns::clock_now;

service_moment moment() {
    return {clock_now(),
            std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now())};
}

/// Ids that nobody can guess, from the system's own random numbers: some are fetched at a time.
class random_ids {
public:
    request_id operator()() {
        request_id id{};
        if (next_ == octets_.size()) {
            next_ = 0;
            if (::getentropy(octets_.data(), octets_.size()) != 0)
                throw std::system_error{errno, std::generic_category(), "getentropy"};
        }
        std::memcpy(id.data(), octets_.data() + next_, id.size());
        std::memset(octets_.data() + next_, 0, id.size());
        next_ += id.size();
        return id;
    }

private:
    std::array<std::byte, 256> octets_{}; // as many as getentropy gives
    std::size_t next_ = octets_.size();
};

} // namespace

service_shell::service_shell(const asio::any_io_executor& executor, std::unique_ptr<store> kept,
                             const service_options& options)
    : executor_{executor}, store_{std::move(kept)}, timer_{executor}, options_{options} {}

void service_shell::open() {
    core_ = std::make_unique<service_core>(options_, *store_, random_ids{}, patterns::random_seed(),
                                           moment());
    thread_ =
        std::make_unique<store_thread>(executor_, options_.busy_poll, [weak = weak_from_this()] {
            if (const auto self = weak.lock())
                self->outcomes_came();
        });
    act_soon();
}

void service_shell::call(std::uint64_t call, std::string_view service, message&& body) {
    if (closed())
        return;
    core_->call(call, service, std::move(body), moment());
    act_soon();
}

void service_shell::attempt_ended(std::uint64_t attempt, attempt_end how, message&& body) {
    if (closed())
        return;
    core_->attempt_ended(attempt, how, std::move(body), moment());
    act_soon();
}

void service_shell::drain() {
    if (closed())
        return;
    core_->drain(moment());
    act_soon();
}

bool service_shell::idle() const noexcept {
    return closed() || (core_->idle() && thread_->under_way() == 0);
}

void service_shell::close(std::error_code& ec) {
    ec.clear();
    if (closed())
        return;
    thread_->stop();
    take_outcomes();
    store_->close(moment().wall, ec);
    abandon();
}

void service_shell::abandon() noexcept {
    if (closed())
        return;
    thread_.reset();
    timer_.cancel();
    last_stats_ = core_->stats();
    last_kept_ = store_->stats();
    last_failure_ = store_->failure();
    core_.reset();
    store_.reset();
}

/// All that one turn of the loop has brought goes into one commit.
void service_shell::act_soon() {
    if (std::exchange(acting_soon_, true))
        return;
    asio::post(executor_, [self = shared_from_this()] {
        self->acting_soon_ = false;
        self->act();
    });
}

void service_shell::act() {
    if (closed())
        return;
    service_core::answer told;
    while (core_->next_answer(told))
        answer(std::move(told));
    service_core::dispatch sent;
    while (core_->next_dispatch(sent))
        dispatch(std::move(sent));
    service_core::read wanted;
    while (core_->next_read(wanted))
        thread_->start({nullptr, wanted.id, std::move(wanted.from)});
    if (commit_job* const job = core_->next_commit(moment())) {
        thread_->start({job, 0, {}});
        await_commit();
    }
    set_timer();
    moved();
}

void service_shell::outcomes_came() {
    if (closed())
        return;
    take_outcomes();
    act();
}

void service_shell::take_outcomes() {
    thread_->take(outcomes_);
    for (store_thread::outcome& each : outcomes_) {
        if (each.commit) {
            commit_ended_ = true;
            core_->commit_ended(moment());
        } else
            core_->read_ended(each.read, each.body, each.ec, moment());
    }
    outcomes_.clear();
}

// As the store's thread does: a loop that has something to do need not be woken.
void service_shell::await_commit() {
    commit_ended_ = false;
    look_until_ = clock_now() + options_.busy_poll;
    if (looking_ || options_.busy_poll.count() == 0 || !looks_.begin())
        return;
    looking_ = true;
    asio::post(executor_, [self = shared_from_this()] { self->look(); });
}

void service_shell::look() {
    looking_ = !closed() && !commit_ended_ && clock_now() < look_until_;
    if (looking_)
        return asio::post(executor_, [self = shared_from_this()] { self->look(); });
    looks_.end(commit_ended_);
}

void service_shell::set_timer() {
    timer_.set(core_->deadline(), [self = shared_from_this()] {
        if (self->closed())
            return;
        self->core_->handle_timeout(moment());
        self->act();
    });
}

} // namespace mizzen::titanic
