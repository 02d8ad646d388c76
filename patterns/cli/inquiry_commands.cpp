// `mizzen services` and `mizzen ping`: what a broker says of itself.
#include "commands.hpp"
#include "console.hpp"
#include "security_options.hpp"
#include <mizzen/blocking.hpp>
#include <mizzen/blocking_monitor.hpp>
#include <mizzen/option.hpp>
#include <mizzen/patterns/majordomo/wire.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mizzen::cli {
namespace {

using std::chrono::milliseconds;
using clock = std::chrono::steady_clock;
using lines = std::vector<std::vector<std::string>>;

struct inquiry_arguments {
    std::string endpoint{"tcp://127.0.0.1:5555"};
    int timeout_ms = 2500;
    security_options security;
    std::string service; ///< services: of which the workers are listed.
    int count = 1;       ///< ping
};

/// One connection to a broker.
class inquirer {
public:
    inquirer(std::string_view name, const inquiry_arguments& given) : name_{name}, given_{given} {
        socket_.set(option::linger{milliseconds{0}});
    }

    int connect() {
        option::security wanted;
        if (const int trouble = make_secured(name_, given_.security, wanted))
            return trouble;
        socket_.set(wanted);
        std::error_code ec;
        socket_.connect(given_.endpoint, ec);
        return ec ? endpoint_trouble(name_, "connect to", given_.endpoint, ec) : done;
    }

    /// The reply's body; none when there was no reply, which was then said.
    std::vector<std::string> ask(std::string_view service, std::string_view argument) {
        const auto limit = clock::now() + milliseconds{given_.timeout_ms};
        message request{argument};
        majordomo::frame_client_request(request, service);
        std::error_code ec;
        socket_.send(request, milliseconds{given_.timeout_ms}, ec);
        while (!ec) {
            const auto left = std::chrono::ceil<milliseconds>(limit - clock::now());
            message reply;
            if (!socket_.receive(reply, std::max(left, milliseconds{0}), ec))
                break;
            const majordomo::to_client in = majordomo::parse_to_client(reply);
            if (in.what != majordomo::to_client::kind::reply || in.service != service)
                continue; // to an earlier question, or from whatever else listens there
            std::vector<std::string> body;
            for (std::size_t i = in.head; i < reply.size(); ++i)
                body.emplace_back(reply.text(i));
            return body;
        }
        tell_of(events_, name_, given_.security);
        log(name_, "no reply from " + given_.endpoint + ": " + ec.message());
        return {};
    }

private:
    std::string_view name_;
    const inquiry_arguments& given_;
    blocking::dealer socket_;
    blocking::monitor events_{socket_};
};

/// Columns as wide as they have to be; numbers to the right.
bool print_table(const lines& table) {
    std::vector<std::size_t> widths(table.front().size());
    for (const auto& line : table) {
        for (std::size_t i = 0; i < line.size(); ++i)
            widths[i] = std::max(widths[i], line[i].size());
    }
    for (const auto& line : table) {
        std::string text;
        for (std::size_t i = 0; i < line.size(); ++i) {
            const std::string room(widths[i] - line[i].size(), ' ');
            text += i == 0 ? line[i] + room : "  " + room + line[i];
        }
        if (!print_line(text))
            return false;
    }
    return true;
}

int list(const inquiry_arguments& given) {
    inquirer broker{"services", given};
    if (const int trouble = broker.connect())
        return trouble;
    const bool of_workers = !given.service.empty();
    const auto body =
        of_workers ? broker.ask("mmi.workers", given.service) : broker.ask("mmi.services", "");
    if (body.empty())
        return failed;
    if (body[0] != "200") {
        log("services", body[0] == "404" ? "the broker knows no service " + given.service
                                         : "the broker lists nothing; it answered " + body[0]);
        return failed;
    }
    constexpr std::size_t columns = 5;
    lines table{
        of_workers
            ? std::vector<std::string>{"worker", "version", "credit", "running", "silent ms"}
            : std::vector<std::string>{"service", "workers", "waiting", "running", "replies"}};
    for (std::size_t i = 1; i + columns <= body.size(); i += columns) {
        const auto from = body.begin() + static_cast<std::ptrdiff_t>(i);
        table.emplace_back(from, from + columns);
    }
    return print_table(table) ? done : failed;
}

int ping(const inquiry_arguments& given) {
    inquirer broker{"ping", given};
    if (const int trouble = broker.connect())
        return trouble;
    if (broker.ask("mmi.broker", "").empty()) // makes the connection, which is no round trip
        return failed;
    for (int i = 0; i < given.count; ++i) {
        const auto start = clock::now();
        const auto body = broker.ask("mmi.broker", "");
        const std::chrono::duration<double, std::milli> took = clock::now() - start;
        if (body.empty())
            return failed;
        std::array<char, 32> time{};
        std::snprintf(time.data(), time.size(), "%.3f", took.count());
        std::string line = given.endpoint + ": " + time.data() + " ms, ";
        if (body[0] == "200") {
            for (std::size_t part = 1; part < body.size(); ++part)
                line += (part == 1 ? "" : " ") + body[part];
        } else {
            line += "a plain broker";
        }
        if (!print_line(line))
            return failed;
    }
    return done;
}

void add_common(CLI::App& sub, inquiry_arguments& given) {
    sub.add_option("--broker", given.endpoint, "Where the broker is")
        ->type_name("ENDPOINT")
        ->capture_default_str();
    sub.add_option("--timeout", given.timeout_ms, "For a reply")
        ->type_name("MS")
        ->check(CLI::Range(1, 3'600'000))
        ->capture_default_str();
    add_security(sub, given.security, security_ends::client);
}

} // namespace

command add_services(CLI::App& app) {
    const auto given = std::make_shared<inquiry_arguments>();
    CLI::App& sub = *app.add_subcommand("services", "List what is registered at a broker");
    sub.add_option("service", given->service, "List the workers of this service instead")
        ->type_name("");
    add_common(sub, *given);
    return [given] { return list(*given); };
}

command add_ping(CLI::App& app) {
    const auto given = std::make_shared<inquiry_arguments>();
    CLI::App& sub = *app.add_subcommand("ping", "Ask a broker what it knows, and time it");
    add_common(sub, *given);
    sub.add_option("--count", given->count, "How often")
        ->type_name("N")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    return [given] { return ping(*given); };
}

} // namespace mizzen::cli
