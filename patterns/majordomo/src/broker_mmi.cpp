// The broker's own services: RFC 8/MMI's, and ours. Their frames are in majordomo/README.md.
#include "broker_state.hpp"

#include <algorithm>
#include <chrono>

namespace mizzen::majordomo {
namespace {

template <class Number> struct named_count {
    std::string_view name;
    Number broker_stats::* where;
};

constexpr named_count<std::uint64_t> counts[] = {
    {"requests", &broker_stats::requests},
    {"replies", &broker_stats::replies},
    {"partials", &broker_stats::partials},
    {"redelivered", &broker_stats::redelivered},
    {"malformed", &broker_stats::malformed},
    {"wrong_role", &broker_stats::wrong_role},
    {"unexpected", &broker_stats::unexpected},
    {"ignored", &broker_stats::ignored},
    {"unknown_peer", &broker_stats::unknown_peer},
    {"refused_peers", &broker_stats::refused_peers},
    {"stale_replies", &broker_stats::stale_replies},
    {"orphaned_replies", &broker_stats::orphaned_replies},
    {"failed_replies", &broker_stats::failed_replies},
    {"dropped_partials", &broker_stats::dropped_partials},
    {"dropped_full", &broker_stats::dropped_full},
    {"dropped_expired", &broker_stats::dropped_expired},
    {"dropped_given_up", &broker_stats::dropped_given_up},
    {"dropped_gone", &broker_stats::dropped_gone},
    {"dropped_stopping", &broker_stats::dropped_stopping},
    {"dropped_passive", &broker_stats::dropped_passive},
    {"refused_services", &broker_stats::refused_services},
    {"unauthorised_requests", &broker_stats::unauthorised_requests},
    {"unauthorised_workers", &broker_stats::unauthorised_workers},
    {"attached_duplicates", &broker_stats::attached_duplicates},
    {"answered_duplicates", &broker_stats::answered_duplicates},
    {"dropped_duplicates", &broker_stats::dropped_duplicates},
    {"registrations", &broker_stats::registrations},
    {"expired_workers", &broker_stats::expired_workers},
    {"overdue_workers", &broker_stats::overdue_workers},
    {"disconnects", &broker_stats::disconnects},
    {"pauses", &broker_stats::pauses},
    {"undeliverable", &broker_stats::undeliverable},
    {"internal_calls", &broker_stats::internal_calls},
    {"issued", &broker_stats::issued},
};

constexpr named_count<std::size_t> levels[] = {
    {"peers", &broker_stats::peers},           {"workers", &broker_stats::workers},
    {"services", &broker_stats::services},     {"queued", &broker_stats::queued},
    {"dispatched", &broker_stats::dispatched}, {"octets", &broker_stats::octets},
    {"paused", &broker_stats::paused},         {"held", &broker_stats::held},
    {"duplicates", &broker_stats::duplicates},
};

void put_number(message& to, std::uint64_t number) { to.push_back(std::to_string(number)); }

} // namespace

message broker_core::state::answer_mmi(std::string_view service, const message& body,
                                       time_point now) {
    // The last part, as the Guide's broker has it; no name is longer.
    const std::string_view argument =
        body.text(body.size() - 1).substr(0, options_.max_service_name + 1);
    message answer;
    if (service == "mmi.service") {
        const service_record* s = find_service(argument);
        const bool served = s != nullptr ? s->workers != 0 : serves_inside(argument);
        answer.push_back(served ? "200" : "404");
    } else if (service == "mmi.services") {
        list_services(answer, argument);
    } else if (service == "mmi.workers") {
        list_workers(answer, argument, now);
    } else if (service == "mmi.stats") {
        answer.push_back("200");
        for (const auto& [name, where] : counts)
            put_number(answer.push_back(name), stats.*where);
        for (const auto& [name, where] : levels)
            put_number(answer.push_back(name), stats.*where);
    } else if (service == "mmi.broker") {
        answer.push_back("200").push_back(request_tag::prefix).push_back("MDP/0.2");
        answer.push_back("credit=" + std::to_string(options_.max_credit));
        if (duplicates_.on())
            answer.push_back("duplicates=" + std::to_string(options_.duplicate_window.count()));
        if (draining_)
            answer.push_back("stopping");
        if (passive_)
            answer.push_back(passive_word);
    } else {
        answer.push_back("501");
    }
    return answer;
}

void broker_core::state::list_services(message& answer, std::string_view prefix) {
    answer.push_back("200");
    std::vector<const service_record*> found;
    for (const auto& [name, s] : services_) {
        if (name.starts_with(prefix))
            found.push_back(&s);
    }
    std::sort(found.begin(), found.end(),
              [](const auto* a, const auto* b) { return a->name < b->name; });
    for (const service_record* s : found) {
        answer.push_back(s->name);
        put_number(answer, s->workers);
        put_number(answer, s->queued);
        put_number(answer, s->dispatched);
        put_number(answer, s->replies);
    }
}

void broker_core::state::list_workers(message& answer, std::string_view service, time_point now) {
    const service_record* const s = find_service(service);
    if (s == nullptr) {
        answer.push_back("404");
        return;
    }
    answer.push_back("200");
    for (const peer_record* w = s->members.front(); w != nullptr; w = w->member_links.after) {
        put_number(answer, w->id);
        answer.push_back(w->spoken.number == dialect::version::mdp01 ? "0.1" : "0.2");
        put_number(answer, w->credit);
        put_number(answer, w->in_hand);
        const auto silent = std::chrono::duration_cast<milliseconds>(now - w->heard);
        put_number(answer, static_cast<std::uint64_t>(std::max<std::int64_t>(silent.count(), 0)));
    }
}

} // namespace mizzen::majordomo
