// What clients ask and what handlers do.
#include "roles.hpp"

#include <algorithm>

namespace mizzen::sim {

work begin_work(const message& body, const handling& how, world& in, ledger& book) {
    const int parts = how.most_parts == 0 ? 0 : static_cast<int>(in.draw(how.most_parts + 1));
    work job{milliseconds{0}, false, parts, book.ran(body, parts)};
    if (book.calm)
        return job;
    job.takes = milliseconds{in.draw(static_cast<std::size_t>(how.longest.count()) + 1)};
    job.fails = how.fails_one_in != 0 && in.draw(how.fails_one_in) == 0;
    return job;
}

ending ending_of(std::error_code ec, std::initializer_list<std::error_code> abandoned) {
    if (!ec)
        return ending::reply;
    return std::find(abandoned.begin(), abandoned.end(), ec) != abandoned.end() ? ending::abandoned
                                                                                : ending::error;
}

asker::asker(world& in, host_id host, const asking& asks, ledger& book, made_of& total)
    : node{in, host}, asks_{asks}, book_{book}, total_{total}, left_to_ask_{asks.requests} {
    for (int i = 0; i < asks_.at_once; ++i)
        later(milliseconds{in.draw(50)}, [this] { ask(); });
}

asker::~asker() {
    for (const auto& [request, number] : asked_)
        book_.forgotten(number);
}

void asker::ask() {
    if (left_to_ask_ == 0)
        return;
    --left_to_ask_;
    const ledger::number number = book_.begin(asks_.cannot_fail, asks_.hears_parts);
    const std::uint64_t request = start(ledger::body_of(number));
    must(asked_.emplace(request, number).second, "requests have numbers of their own");
    act();
}

void asker::note_sent(const message& m) {
    for (std::size_t i = 0; i < m.size(); ++i)
        if (ledger::request_of(m.text(i)))
            book_.sent(m.text(i));
}

void asker::heard_part(std::uint64_t request, const message& m) {
    const auto at = asked_.find(request);
    must(at != asked_.end(), "no part comes after a request's end");
    book_.heard_part(at->second, m);
}

void asker::over(std::uint64_t request, ending how, const message& m) {
    const auto at = asked_.find(request);
    must(at != asked_.end(), "a request ends once");
    const ledger::number number = at->second;
    asked_.erase(at);
    book_.ended(number, how, m);
    const auto most = static_cast<std::size_t>(asks_.longest_pause.count());
    later(milliseconds{in().draw(most + 1)}, [this] { ask(); });
}

} // namespace mizzen::sim
