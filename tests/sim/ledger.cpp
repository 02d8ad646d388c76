// Every request of a history, from its start to its end.
#include "ledger.hpp"

#include <charconv>

namespace mizzen::sim {

made_of& operator+=(made_of& total, const made_of& more) {
    for (const auto& [name, part] : parts_of_history)
        total.*part += more.*part;
    return total;
}

ledger::number ledger::begin(bool cannot_fail, bool hears_parts) {
    entries_.push_back({.cannot_fail = cannot_fail, .hears_parts = hears_parts});
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

message ledger::answer_to(const message& body, std::size_t run, int parts) {
    message m;
    for (const octets part : body)
        m.push_back(part);
    m.push_back("run " + std::to_string(run) + " in " + std::to_string(parts));
    return m;
}

message ledger::part_of(const message& answer, int part) {
    message m;
    m.push_back("part " + std::to_string(part));
    m.push_back(answer.text(answer.size() - 1));
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

message ledger::ran(const message& body, int parts) {
    const auto request = body.empty() ? std::nullopt : request_of(body.text(0));
    must(request && *request < entries_.size(), "what a handler is given is a client's request");
    must(body.size() == 2 && body.text(1) == body_of(*request).text(1),
         "a request comes to the handler as it was sent");
    entry& e = at(*request);
    ++e.runs;
    e.parts.push_back(parts);
    must(e.runs <= e.sent * runs_a_sending,
         "a request runs once each time it is sent, and again only where that is allowed");
    return answer_to(body, e.parts.size(), parts);
}

void ledger::heard_part(number request, const message& part) {
    entry& e = at(request);
    ++parts_;
    must(part.size() == 2, "a part is what a handler made of the request");
    if (e.heard == 0)
        e.streaming = part.text(1);
    must(e.streaming == part.text(1), "all parts are of one run");
    ++e.heard;
    must(part.text(0) == "part " + std::to_string(e.heard), "parts come in their order");
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
    std::size_t from = 0;
    for (std::size_t run = 1; run <= e.parts.size(); ++run)
        if (reply.text(body.size()) == answer_to({}, run, e.parts[run - 1]).text(0))
            from = run;
    must(from != 0, "a reply is what a handler made of the request");
    must(e.heard == 0 || e.streaming == reply.text(body.size()), "all parts are of one run");
    must(e.heard == (e.hears_parts ? e.parts[from - 1] : 0),
         "who is told of parts is told of all before the reply");
}

void ledger::forgotten(number request) {
    entry& e = at(request);
    if (std::exchange(e.over, true))
        return;
    e.gone = true;
    --open_;
}

void ledger::add_to(made_of& total) const {
    total.parts += parts_;
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
