// Who may do what at the broker, by its rules.
#include "broker_state.hpp"

#include <utility>
#include <vector>

namespace mizzen::majordomo {
namespace {

constexpr std::string_view open_to_all = "mmi.broker";

} // namespace

void broker_core::state::look_up_rights(peer_record& p) const noexcept {
    p.rights = rules_ ? &rules_->of(p.user) : nullptr;
    p.granted = nullptr;
    p.refusal_told = false;
}

/// `s` is the service, if it is known. What was found out for it holds until services go, or the
/// rules: mostly a client asks for what it asked for before.
bool broker_core::state::may_call(peer_record& p, service_record* s,
                                  std::string_view service) const noexcept {
    if (p.rights == nullptr)
        return true;
    if (s != nullptr && p.granted == s && p.granted_as_of == services_forgotten_)
        return true;
    if (service != open_to_all && !p.rights->may_call(service))
        return false;
    p.granted = s;
    p.granted_as_of = services_forgotten_;
    return true;
}

bool broker_core::state::may_call(std::string_view user, std::string_view service) const noexcept {
    return !rules_ || service == open_to_all || rules_->of(user).may_call(service);
}

bool broker_core::state::may_call(peer_id peer, std::string_view service) const noexcept {
    const auto at = peers_.find(peer);
    return !rules_ || (at != peers_.end() && may_call(at->second.user, service));
}

/// Whose request ids are told apart from others'. Without rules everybody may have everything, also
/// under a new key for each connection.
std::string_view broker_core::state::owner_of_ids(const peer_record& p) noexcept {
    return p.rights == nullptr ? std::string_view{} : p.user;
}

void broker_core::state::refuse_call(peer_record& p, const to_broker& in, message&& m) {
    ++stats.unauthorised_requests;
    if (!std::exchange(p.refusal_told, true)) // not one for each: they may be many
        refusals_.push_back() = {p.id, p.user, std::string{in.service}, false};
    refuse_new(p, in, std::move(m), status::not_authorised,
               "the broker's rules do not allow it to call this service");
}

void broker_core::state::refuse_worker(peer_record& p, std::string_view service, time_point now) {
    ++stats.unauthorised_workers;
    refusals_.push_back() = {p.id, p.user, std::string{service}, true};
    disconnect(p, now);
}

void broker_core::state::replace_rules(std::shared_ptr<const access_rules>&& rules,
                                       time_point now) {
    const auto before = std::exchange(rules_, std::move(rules)); // until nobody points into them
    std::vector<peer_record*> unwanted;
    for (auto& [id, p] : peers_) {
        look_up_rights(p);
        if (!p.registered() || p.rights == nullptr || p.rights->may_offer(p.service->name))
            continue;
        p.service->idle.remove(p); // no request of another one that goes is for it
        p.service->spare.remove(p);
        unwanted.push_back(&p);
    }
    for (peer_record* each : unwanted)
        refuse_worker(*each, std::string{each->service->name}, now);
}

bool broker_core::state::next_refusal(refusal& out) {
    if (refusals_.empty())
        return false;
    out = refusals_.pop_front();
    return true;
}

} // namespace mizzen::majordomo
