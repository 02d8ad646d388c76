// Who may come: what a program, or one of the ready-made judges, says of a peer.
#pragma once

#include <mizzen/peer_info.hpp>
#include <mizzen/zmtp/security.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mizzen {

/// What is known of a peer that asks to be let in: the request of 27/ZAP.
struct authentication_request {
    std::string domain;     ///< Of option::authentication.
    std::string address;    ///< By number, without a port; empty over ipc.
    std::string endpoint;   ///< Of ours: the listener's, or the one connected to.
    std::string routing_id; ///< This socket's own, as in libzmq; may be empty.
    std::string mechanism;  ///< NULL, PLAIN or CURVE.
    /// None | user name, password | the public key's 32 octets. Wiped after the call of
    /// authenticate: who answers later takes what it needs.
    std::vector<std::string> credentials;
};

struct authentication_answer {
    zmtp::verdict verdict = zmtp::verdict::refused;
    /// For this end's monitors and logs (connection_event::detail); the peer is told the code
    /// alone.
    std::string reason{};
    /// What peer_identity::user_id is to say. Empty: PLAIN's user name, CURVE's key as Z85.
    std::string user_id{};
    /// Added to peer_info::properties.
    std::vector<peer_property> metadata{};
};

/// Is told when an authenticator's rules have changed. Sockets are.
class rules_watcher {
public:
    rules_watcher() = default;
    rules_watcher(const rules_watcher&) = delete;
    rules_watcher& operator=(const rules_watcher&) = delete;
    virtual ~rules_watcher() = default;
    /// On any thread.
    virtual void rules_changed() noexcept = 0;
};

/// Judges peers, for one or several sockets (option::authentication).
///
/// Threads    Called on the executors of its sockets; one that serves sockets of several threads
///            has to see to that. Blocking sockets call with their lock held: they are not to be
///            used in these functions.
/// Lifetime   Sockets share it: it lives at least as long as the last of their connections.
class authenticator {
public:
    /// To be called once, on any thread, at once or later; the second call does nothing, nor does
    /// one for a peer that has gone. The last copy that goes uncalled refuses the peer
    /// (verdict::server_error).
    using answer_handler = std::function<void(authentication_answer)>;

    authenticator() = default;
    authenticator(const authenticator&) = delete;
    authenticator& operator=(const authenticator&) = delete;
    virtual ~authenticator() = default;

    /// A peer has said who it is, and waits. option::handshake_timeout goes on meanwhile. What is
    /// thrown refuses the peer.
    virtual void authenticate(const authentication_request& request, answer_handler done) = 0;
    /// Whether to speak with anybody from there: asked before a word is said. `address` as in the
    /// request; `reason` is for this end's monitors.
    [[nodiscard]] virtual bool may_come(const std::string& /*address*/,
                                        std::string& /*reason*/) const {
        return true;
    }
    /// Whether a peer that was let in may still be here: asked for every one of them once the rules
    /// have changed. The request is as it was, without PLAIN's password, which is not kept.
    [[nodiscard]] virtual bool may_stay(const authentication_request& /*request*/,
                                        std::string& /*reason*/) const {
        return true;
    }

    /// Has `watcher` told of changes for as long as it lives. One that stands before another
    /// hands it on to that one too.
    virtual void watch(const std::weak_ptr<rules_watcher>& watcher);

protected:
    /// To be called once the rules have changed so that peers may have to go, on any thread: each
    /// socket then asks may_stay.
    void rules_changed() noexcept;

private:
    std::mutex mutex_;
    std::vector<std::weak_ptr<rules_watcher>> watchers_;
};

/// A function as an authenticator.
[[nodiscard]] std::shared_ptr<authenticator> make_authenticator(
    std::function<void(const authentication_request&, authenticator::answer_handler)> judge);

} // namespace mizzen
