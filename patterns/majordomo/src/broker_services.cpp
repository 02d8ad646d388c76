// Services that come and go at the broker.
#include "broker_state.hpp"

namespace mizzen::majordomo {

service_record* broker_core::state::find_service(std::string_view name) {
    const auto at = services_.find(name);
    return at == services_.end() ? nullptr : &at->second;
}

/// As find_service; clients mostly ask for what they asked for before.
service_record* broker_core::state::service_for(peer_record& client, std::string_view name) {
    if (client.last_service != nullptr && client.services_forgotten == services_forgotten_ &&
        client.last_service->name == name)
        return client.last_service;
    client.last_service = find_service(name);
    client.services_forgotten = services_forgotten_;
    return client.last_service;
}

service_record* broker_core::state::open_service(std::string_view name) {
    if (service_record* s = find_service(name))
        return s;
    if (services_.size() >= options_.max_services) {
        if (empty_services_.empty())
            return nullptr;
        forget_service(*empty_services_.front());
    }
    const auto at = services_.try_emplace(std::string{name}).first;
    service_record& s = at->second;
    s.name = at->first;
    const auto own = options_.execution_limits.find(name);
    const milliseconds limit =
        own == options_.execution_limits.end() ? options_.execution_limit : own->second;
    for (execution_class& e : executions_) {
        if (e.limit == limit)
            s.execution = &e;
    }
    stats.services = services_.size();
    return &s;
}

void broker_core::state::note_if_empty(service_record& s, time_point now) noexcept {
    if (s.workers == 0 && s.queued == 0 && !s.empty_links.linked) {
        s.empty_since = now;
        empty_services_.push_back(s);
    }
}

void broker_core::state::forget_service(service_record& s) {
    empty_services_.remove(s);
    services_.erase(services_.find(s.name));
    ++services_forgotten_;
    stats.services = services_.size();
}

} // namespace mizzen::majordomo
