// Every request of a history, from its start to its end.
#include "ledger.hpp"

#include <charconv>

namespace mizzen::sim {

made_of& operator+=(made_of& total, const made_of& more) {
    for (const auto& [name, part] : parts_of_history)
        total.*part += more.*part;
    return total;
}

ledger::number ledger::begin(bool cannot_fail) {
    entries_.push_back({.cannot_fail = cannot_fail});
    ++open_;
    return static_cast<number>(entries_.size() - 1);
}

message ledger::body_of(number request) {
    constexpr std::size_t paddings[] = {0, 0, 0, 3, 40, 400};
    message m;
    m.push_back("request " + std::to_string(request));
    m.push_back(std::string(paddings[request % std::size(paddings)], 'x'));
    return m;
}

message ledger::answer_to(const message& body, int run) {
    message m;
    for (const octets part : body)
        m.push_back(part);
    m.push_back("done " + std::to_string(run));
    return m;
}

std::optional<ledger::number> ledger::request_of(std::string_view text) {
    constexpr std::string_view prefix = "request ";
    if (!text.starts_with(prefix))
        return std::nullopt;
    number found = 0;
    const auto read =
        std::from_chars(text.data() + prefix.size(), text.data() + text.size(), found);
    if (read.ec != std::errc{} || read.ptr != text.data() + text.size())
        return std::nullopt;
    return found;
}

void ledger::sent(std::string_view body) {
    const auto request = request_of(body);
    must(request && *request < entries_.size(), "what a client sends is a request that it started");
    ++at(*request).sent;
}

message ledger::ran(const message& body) {
    const auto request = body.empty() ? std::nullopt : request_of(body.text(0));
    must(request && *request < entries_.size(), "what a handler is given is a client's request");
    must(body.size() == 2 && body.text(1) == body_of(*request).text(1),
         "a request comes to the handler as it was sent");
    entry& e = at(*request);
    ++e.runs;
    must(e.runs <= e.sent * runs_a_sending,
         "a request runs once each time it is sent, and again only where that is allowed");
    return answer_to(body, e.runs);
}

void ledger::ended(number request, ending how, const message& reply) {
    entry& e = at(request);
    e.over = true;
    e.how = how;
    --open_;
    must(!e.cannot_fail || how == ending::reply, "no request is lost while a worker lives");
    if (how != ending::reply)
        return;
    must(e.runs != 0, "there is no reply to a request that no worker was given");
    const message body = body_of(request);
    must(reply.size() == body.size() + 1, "a reply belongs to its request");
    for (std::size_t i = 0; i < body.size(); ++i)
        must(reply.text(i) == body.text(i), "a reply belongs to its request");
    bool from_a_run = false;
    for (int run = 1; run <= e.runs; ++run)
        from_a_run = from_a_run || reply.text(body.size()) == answer_to({}, run).text(0);
    must(from_a_run, "a reply is what a handler made of the request");
}

void ledger::forgotten(number request) {
    entry& e = at(request);
    if (std::exchange(e.over, true))
        return;
    e.gone = true;
    --open_;
}

void ledger::add_to(made_of& total) const {
    for (const entry& e : entries_) {
        ++total.requests;
        total.repeated += e.runs > 1 ? 1 : 0;
        if (e.gone)
            ++total.killed;
        else if (e.how == ending::reply)
            ++total.replies;
        else
            ++(e.how == ending::error ? total.errors : total.abandoned);
    }
}

} // namespace mizzen::sim
