// Questions to authenticators, and their answers, whenever and on whatever thread they come.
#include "socket_shell.hpp"
#include "wipe.hpp"

#include <asio/post.hpp>

#include <atomic>
#include <utility>

namespace mizzen::detail {
namespace {

constexpr const char* no_answer = "the authenticator gave no answer";

// Hands on the first answer, or says that there is none once nobody is left to give one.
class answer_slot {
public:
    using deliver_to = std::function<void(authentication_answer)>;
    explicit answer_slot(deliver_to deliver) : deliver_{std::move(deliver)} {}
    answer_slot(const answer_slot&) = delete;
    answer_slot& operator=(const answer_slot&) = delete;
    ~answer_slot() { give({.verdict = zmtp::verdict::server_error, .reason = no_answer}); }

    void give(authentication_answer what) noexcept {
        if (given_.exchange(true))
            return;
        try {
            deliver_(std::move(what));
        } catch (...) { // no memory for it: the handshake's time ends it
            return;
        }
    }

private:
    deliver_to deliver_;
    std::atomic<bool> given_{false};
};

} // namespace

// Not in the midst of whatever the socket does: the program may do anything with it.
void socket_shell::ask_soon(const session& s) {
    asio::post(executor_,
               [self = shared_from_this(), key = s.key, peer = s.peer] { self->ask(key, peer); });
}

void socket_shell::ask(peer_id key, peer_id peer) {
    auto question = core_.question(key, peer);
    if (!question)
        return;
    const auto who = core_.find(key)->policy->who;
    // The answering thread holds no shell: it is to be destroyed on its executor.
    const auto slot = std::make_shared<answer_slot>(
        [box = from_outside(), weak = weak_from_this(), key, peer](authentication_answer what) {
            box->post([weak, key, peer, answer = std::move(what)]() mutable {
                if (const auto self = weak.lock())
                    self->answered(key, peer, std::move(answer));
            });
        });
    try {
        who->authenticate(*question,
                          [slot](authentication_answer what) { slot->give(std::move(what)); });
    } catch (...) { // nobody is let in by mistake
        slot->give({.verdict = zmtp::verdict::server_error,
                    .reason = "the authenticator has thrown an exception"});
    }
    for (std::string& text : question->credentials)
        wipe(text);
}

void socket_shell::answered(peer_id key, peer_id peer, authentication_answer what) {
    core_.answer(key, peer, std::move(what), std::chrono::steady_clock::now());
    pump();
}

const std::shared_ptr<post_box>& socket_shell::from_outside() {
    if (!from_outside_)
        from_outside_ = std::make_shared<post_box>(executor_);
    return from_outside_;
}

// --- When the rules change ---

namespace {

class reviewer final : public rules_watcher {
public:
    using function = std::function<void()>;
    reviewer(std::shared_ptr<post_box> box, function review)
        : box_{std::move(box)}, review_{std::move(review)} {}
    void rules_changed() noexcept override {
        try {
            box_->post(review_);
        } catch (...) { // no memory: the next change is another chance
            return;
        }
    }

private:
    std::shared_ptr<post_box> box_;
    function review_;
};

} // namespace

void socket_shell::watch_rules_of(authenticator& who) {
    if (!review_)
        review_ = std::make_shared<reviewer>(from_outside(), [weak = weak_from_this()] {
            const auto self = weak.lock();
            if (!self)
                return;
            self->core_.review(std::chrono::steady_clock::now());
            self->pump();
        });
    who.watch(review_);
}

} // namespace mizzen::detail
