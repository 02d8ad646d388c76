// Holds: whatever clients ask of Titanic's services, workers do and the disk does, each call has
// one answer, which begins with a status; what was acknowledged is there until it is closed, also
// after a crash; a reply is the one that the request's worker gave; what waits stays within its
// bounds.
#include "../../tests/support/titanic_disk.hpp"
#include "support/choices.hpp"
#include "support/must.hpp"
#include <mizzen/patterns/titanic/journal.hpp>
#include <mizzen/patterns/titanic/service_core.hpp>
#include <mizzen/patterns/titanic/wire.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace mizzen::fuzz {
namespace {

using namespace titanic;
using titanic::test::loss;
using titanic::test::pretended_directory;
using titanic::test::pretended_disk;

constexpr std::size_t ids = 6; // that clients choose
constexpr std::string_view services[] = {"a", "b", "mmi.x", ""};

request_id chosen_id(std::size_t which) {
    request_id id{};
    id[0] = static_cast<std::byte>(which % ids + 1);
    return id;
}

class history {
public:
    explicit history(choices from) : from_{from} {
        const std::uint8_t bits = from_.octet();
        store_options_.segment_octets = 8192;
        store_options_.max_body_octets = options_.max_body_octets = 512;
        store_options_.max_group_octets = 1024;
        store_options_.max_requests = 1 + bits % 8;
        options_.window = 1 + bits / 8 % 4;
        options_.recent_octets = bits / 32 % 2 * 1000;
        options_.max_attempts = bits / 64;
        options_.max_waiting = 4;
        start();
    }

    void play() {
        for (int steps = 0; !from_.empty() && steps < 300; ++steps) {
            step();
            must(core_->stats().waiting <= options_.max_waiting, "what waits is bounded");
            must(store_->stats().open + store_->stats().done + store_->stats().set_aside <=
                     store_options_.max_requests,
                 "the store keeps its bound");
        }
        settle();
        must(calls_.empty(), "every call has an answer");
    }

private:
    struct call {
        service_call::kind what = service_call::kind::malformed;
        request_id id{};
    };
    struct attempt {
        std::uint64_t number = 0;
        std::string service;
        message body;
    };

    [[nodiscard]] service_moment moment() const {
        constexpr wall_time start{milliseconds{1'000'000'000'000}};
        return {now_, start + std::chrono::duration_cast<milliseconds>(now_.time_since_epoch())};
    }
    void start() {
        core_.reset();
        store_.reset();
        calls_.clear();
        attempts_.clear();
        reads_.clear();
        job_ = nullptr;
        disk_.crash(loss::all, 1);
        recovery_report found;
        std::error_code ec;
        store_ = open_journal(std::make_unique<pretended_directory>(disk_), store_options_,
                              moment().wall, found, ec);
        must(store_ != nullptr && found.damages == 0, "a store can be opened after a crash");
        core_ = std::make_unique<service_core>(
            options_, *store_, [this] { return new_id(); }, 1, moment());
        for (const auto& [id, reply] : kept_)
            must(store_->find(id).has_value(), "what was acknowledged survives");
        collect();
    }
    request_id new_id() {
        request_id id{};
        id[0] = std::byte{0xff};
        id[14] = static_cast<std::byte>(++made_ / 256);
        id[15] = static_cast<std::byte>(made_ % 256);
        return id;
    }

    void step() {
        const std::uint8_t what = from_.octet();
        const std::size_t which = what / 16;
        switch (what % 16) {
        case 0: return ask(request_service, request_body(which));
        case 1:
        case 2: return submit(which);
        case 3:
        case 4: return ask(reply_service, make_inquiry(chosen_id(which)));
        case 5: return ask(close_service, make_inquiry(chosen_id(which)));
        case 6: return ask_anything(which);
        case 7: return commit();
        case 8:
        case 9: return end_attempt(attempt_end::answered);
        case 10: return end_attempt(attempt_end::failed);
        case 11: return end_attempt(attempt_end::not_tried);
        case 12: return read();
        case 13:
            now_ += milliseconds{100} * from_.octet();
            core_->handle_timeout(moment());
            return collect();
        case 14:
            core_->attempt_ended(from_.octet(), attempt_end::answered, message{"nobody asked"},
                                 moment());
            return collect();
        default: return which == 0 ? start() : commit();
        }
    }
    message request_body(std::size_t which) {
        message m{services[which % 2]};
        return std::move(m.push_back("body").push_back(from_.take(from_.octet())));
    }
    void submit(std::size_t which) {
        message m{"of " + std::to_string(which % ids)};
        frame_submit(m, "a", chosen_id(which));
        ask(submit_service, std::move(m));
    }
    void ask_anything(std::size_t which) {
        constexpr std::string_view names[] = {request_service, submit_service, reply_service,
                                              close_service, "titanic.other"};
        message m;
        for (std::size_t frames = from_.octet() % 5; frames != 0; --frames)
            m.push_back(from_.take(from_.octet()));
        if (which >= 8)
            m.push_front(services[which % 4]);
        const service_call what = parse_call(names[which % 5], m);
        if (what.what != service_call::kind::submit || what.id[0] > std::byte{ids})
            ask(names[which % 5], std::move(m)); // those ids have bodies that say so
    }
    void ask(std::string_view service, message&& body) {
        const service_call what = parse_call(service, body);
        calls_[++last_call_] = {what.what, what.id};
        core_->call(last_call_, service, std::move(body), moment());
        collect();
    }

    void collect() {
        for (service_core::answer a; core_->next_answer(a);)
            heard(a.call, a.body);
        for (service_core::dispatch d; core_->next_dispatch(d);)
            attempts_.push_back({d.attempt, std::string{d.service}, std::move(d.body)});
        for (service_core::read r; core_->next_read(r);)
            reads_.push_back(std::move(r));
        std::map<std::string, std::size_t> running; // of services, some of which clients made up
        for (const attempt& each : attempts_)
            must(++running[each.service] <= options_.window, "windows are kept");
    }
    void heard(std::uint64_t number, const message& body) {
        const auto found = calls_.find(number);
        must(found != calls_.end(), "a call has one answer");
        const call of = found->second;
        calls_.erase(found);
        const service_answer said = parse_answer(body);
        must(said.status.has_value() && body.front().size() == 3, "an answer begins with a status");
        using kind = service_call::kind;
        must(of.what != kind::malformed || said.status == service_status::refused,
             "nonsense is refused");
        if (said.status != service_status::ok)
            return;
        if (of.what == kind::request || of.what == kind::submit) {
            must(said.id.has_value() && (of.what == kind::request || said.id == of.id),
                 "a request has an id");
        } else if (of.what == kind::reply && of.id[0] <= std::byte{ids}) {
            must(body.size() == 3 && body.text(1) == "got", "a reply is a worker's");
            must(body.text(2) == "of " + std::to_string(std::to_integer<std::size_t>(of.id[0]) - 1),
                 "a reply belongs to its request");
        }
    }

    void commit() {
        if (job_ == nullptr) {
            job_ = core_->next_commit(moment());
            return; // it runs a little later
        }
        std::exchange(job_, nullptr)->run();
        core_->commit_ended(moment());
        note_kept();
        collect();
    }
    // What is committed now has to be there after a crash.
    void note_kept() {
        kept_.clear();
        for (const request_state each :
             {request_state::open, request_state::done, request_state::set_aside})
            store_->for_each(each, [this](const request_info& info) {
                if (info.durable)
                    kept_[info.id] = true;
                return true;
            });
        // A close that is not committed yet may survive or not, as its request; nothing is said.
    }
    void end_attempt(attempt_end how) {
        if (attempts_.empty())
            return;
        attempt first = std::move(attempts_.front());
        attempts_.erase(attempts_.begin());
        first.body.push_front("got");
        core_->attempt_ended(first.number, how, std::move(first.body), moment());
        collect();
    }
    void read() {
        if (reads_.empty())
            return;
        const service_core::read next = std::move(reads_.front());
        reads_.erase(reads_.begin());
        std::vector<std::byte> body;
        std::error_code ec;
        next.from.read(body, ec);
        must(!ec, "what was stored can be read");
        core_->read_ended(next.id, body, ec, moment());
        collect();
    }
    void settle() {
        for (int i = 0; i < 2000 && !calls_.empty(); ++i) {
            commit();
            read();
        }
    }

    choices from_;
    service_options options_;
    journal_options store_options_;
    pretended_disk disk_;
    std::unique_ptr<store> store_;
    std::unique_ptr<service_core> core_;
    zmtp::time_point now_{std::chrono::seconds{1000}};
    std::size_t made_ = 0;
    std::uint64_t last_call_ = 0;
    std::map<std::uint64_t, call> calls_;
    std::vector<attempt> attempts_;
    std::vector<service_core::read> reads_;
    std::map<request_id, bool> kept_;
    commit_job* job_ = nullptr;
};

} // namespace
} // namespace mizzen::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    mizzen::fuzz::history{mizzen::fuzz::choices{data, size}}.play();
    return 0;
}
