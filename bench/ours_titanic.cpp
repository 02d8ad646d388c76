// Titanic's load, and its store by itself.
#include "round_trips.hpp"
#include "side_by_side.hpp"
#include <mizzen/message.hpp>
#include <mizzen/patterns/majordomo/client.hpp>
#include <mizzen/patterns/titanic/files.hpp>
#include <mizzen/patterns/titanic/journal.hpp>
#include <mizzen/patterns/titanic/wire.hpp>

#include <asio/io_context.hpp>

#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace {

namespace majordomo = mizzen::majordomo;
namespace titanic = mizzen::titanic;
using mizzen::message;

// Nobody serves it: what is stored stays.
constexpr const char* target = "nobody";

void throw_if(std::error_code ec) {
    if (ec)
        throw std::system_error{ec};
}

// Ids that differ from one another, and from those of other runs.
class ids {
public:
    titanic::request_id next() noexcept {
        bench::write_number(id_.data() + 8, ++number_);
        return id_;
    }

private:
    titanic::request_id id_ = titanic::make_request_id();
    std::uint64_t number_ = 0;
};

message submission(ids& from, const std::string& body, titanic::request_id& id) {
    message m{body};
    id = from.next();
    titanic::frame_submit(m, target, id);
    return m;
}

void check(std::error_code ec, const message& answer, const titanic::request_id& id) {
    throw_if(ec);
    const titanic::service_answer read = titanic::parse_answer(answer);
    if (read.status != titanic::service_status::ok || read.id != id)
        throw std::runtime_error{"not acknowledged: " +
                                 std::string{answer.empty() ? "" : answer.text(0)}};
}

// Several clients on one loop, each with as many submissions as it may have.
class load {
public:
    load(const std::string& endpoint, std::size_t clients, std::size_t outstanding,
         std::size_t size, std::uint64_t count)
        : outstanding_{outstanding}, body_(size, 'x'), count_{count} {
        majordomo::client_options options;
        options.max_outstanding = outstanding;
        options.timeout = std::chrono::seconds{30};
        for (std::size_t i = 0; i < clients; ++i) {
            clients_.emplace_back(loop_, options);
            clients_.back().connect(endpoint);
        }
    }

    // The first ones find out what the broker knows, and are not timed.
    double run() {
        const std::uint64_t timed = std::exchange(count_, clients_.size());
        run_once(1);
        count_ = timed;
        bench::stopwatch watch;
        watch.start();
        run_once(outstanding_);
        return watch.seconds();
    }

private:
    void run_once(std::size_t each) {
        sent_ = done_ = 0;
        for (std::size_t i = 0; i < each && sent_ < count_; ++i)
            for (auto& client : clients_)
                if (sent_ < count_)
                    send(client);
        while (done_ < count_)
            loop_.run_one();
    }
    void send(majordomo::client& client) {
        bench::write_number(body_.data(), sent_++);
        titanic::request_id id{};
        message m = submission(ids_, body_, id);
        client.async_request(titanic::submit_service, std::move(m),
                             [this, id, &client](std::error_code ec, const message& answer) {
                                 check(ec, answer, id);
                                 ++done_;
                                 if (sent_ < count_)
                                     send(client);
                             });
    }

    asio::io_context loop_{1};
    std::vector<majordomo::client> clients_;
    ids ids_;
    std::size_t outstanding_;
    std::string body_;
    std::uint64_t count_;
    std::uint64_t sent_ = 0;
    std::uint64_t done_ = 0;
};

// One at a time: submissions, or questions that the broker answers by itself.
void ask(const std::string& endpoint, std::size_t size, std::uint64_t count, bool submits) {
    asio::io_context loop{1};
    majordomo::client client{loop};
    client.connect(endpoint);
    std::string body(size, 'x');
    ids from;
    bench::time_round_trips(count, [&](std::uint64_t number) {
        bench::write_number(body.data(), number);
        titanic::request_id id{};
        message m = submits ? submission(from, body, id) : message{body};
        bool done = false;
        client.async_request(submits ? titanic::submit_service : "mmi.service", std::move(m),
                             [&](std::error_code ec, const message& answer) {
                                 throw_if(ec);
                                 if (submits)
                                     check(ec, answer, id);
                                 done = true;
                             });
        while (!done)
            loop.run_one();
    });
}

// What one acknowledgement costs at least: an append to a file that has its room, and a sync.
void append_and_sync(const std::string& folder, std::size_t size, std::uint64_t count) {
    std::error_code ec;
    const auto where = titanic::open_directory(folder, true, ec);
    throw_if(ec);
    const auto to = where->open("appended", titanic::open_for::creating, ec);
    throw_if(ec);
    to->preallocate(64 << 20, ec);
    throw_if(ec);
    std::vector<std::byte> record(size);
    std::uint64_t at = 0;
    bench::time_round_trips(count, [&](std::uint64_t number) {
        bench::write_number(record.data(), number);
        titanic::write_all(*to, at, record, ec);
        throw_if(ec);
        to->sync(ec);
        throw_if(ec);
        at += size;
    });
}

titanic::wall_time now() {
    return std::chrono::time_point_cast<titanic::milliseconds>(std::chrono::system_clock::now());
}

std::unique_ptr<titanic::store> open(const std::string& folder,
                                     const titanic::journal_options& options) {
    std::error_code ec;
    auto where = titanic::open_directory(folder, true, ec);
    throw_if(ec);
    titanic::recovery_report found;
    auto kept = titanic::open_journal(std::move(where), options, now(), found, ec);
    throw_if(ec);
    return kept;
}

// So many open requests; prints the octets of the segments for each.
void fill(const std::string& folder, std::size_t size, std::uint64_t count) {
    titanic::journal_options options;
    options.sync = titanic::sync_mode::never;
    const auto kept = open(folder, options);
    const auto commit = [&] {
        if (titanic::commit_job* const job = kept->begin_commit(now())) {
            job->run();
            kept->end_commit(now());
        }
    };
    ids from;
    message body{std::string(size, 'x')};
    titanic::stored_pieces pieces;
    for (std::uint64_t i = 0; i < count;) {
        std::error_code ec;
        static_cast<void>(kept->append_request(from.next(), target, pieces.of(body), now(), ec));
        if (ec && ec != std::errc::resource_unavailable_try_again)
            throw std::system_error{ec};
        if (ec)
            commit();
        else
            ++i;
    }
    const titanic::store_stats stats = kept->stats();
    std::error_code ec;
    kept->close(now(), ec);
    throw_if(ec);
    std::printf("%.3f disk_octets\n",
                static_cast<double>(stats.disk_octets) / static_cast<double>(count));
}

// Opens a store that is there, says how long it took, and keeps it until the input ends.
void recover(const std::string& folder, std::uint64_t count) {
    bench::stopwatch watch;
    watch.start();
    const auto kept = open(folder, {});
    const double seconds = watch.seconds();
    if (kept->stats().open != count)
        throw std::runtime_error{"not all of them are there"};
    bench::report_seconds(seconds);
    char ignored = 0;
    while (::read(STDIN_FILENO, &ignored, 1) > 0)
        continue;
}

void run(std::span<char*> words) {
    const auto is = [&](std::string_view verb, std::size_t count) {
        return words.size() == count + 2 && words[1] == verb;
    };
    const auto number = [&](std::size_t at) {
        return bench::read_number<std::uint64_t>(words[at], 1);
    };
    bench::raise_descriptor_limit();
    if (is("client", 5))
        return bench::report_seconds(
            load{words[2], number(3), number(4), number(5), number(6)}.run());
    if (is("ask", 3))
        return ask(words[2], number(3), number(4), true);
    if (is("ask-broker", 3))
        return ask(words[2], number(3), number(4), false);
    if (is("append", 3))
        return append_and_sync(words[2], number(3), number(4));
    if (is("fill", 3))
        return fill(words[2], number(3), number(4));
    if (is("recover", 2))
        return recover(words[2], number(3));
    throw std::invalid_argument{"client ENDPOINT CLIENTS OUTSTANDING SIZE COUNT | ask[-broker] "
                                "ENDPOINT SIZE COUNT | append DIR SIZE COUNT | fill DIR SIZE COUNT "
                                "| recover DIR COUNT; a body has 8 octets or more"};
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_main([&] { run({argv, static_cast<std::size_t>(argc)}); });
}
