// `mizzen request`: sends one request, or one for each of many files, and prints the replies.
#include "commands.hpp"
#include "console.hpp"
#include "file_requests.hpp"
#include <mizzen/patterns/majordomo/client.hpp>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

#include <array>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

namespace mizzen::cli {
namespace {

struct options {
    std::string service;
    std::string body{"-"};
    std::string files_from;
    std::string endpoint{"tcp://127.0.0.1:5555"};
    int timeout_ms = 2500;
    int retries = 2;
    std::size_t outstanding = 64;
    bool progress = false;
};

bool read_stdin(std::string& text) {
    std::array<char, 65536> chunk{};
    while (const std::size_t size = std::fread(chunk.data(), 1, chunk.size(), stdin))
        text.append(chunk.data(), size);
    return std::ferror(stdin) == 0;
}

// Each part is a line, whether or not it ends like one.
bool print_parts(const mizzen::message& reply) {
    for (const octets part : reply) {
        const std::string_view text = as_text(part);
        if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size())
            return false;
        if (!text.ends_with('\n') && std::fputc('\n', stdout) == EOF)
            return false;
    }
    return std::fflush(stdout) == 0;
}

int request_one(asio::io_context& io, majordomo::client& client, const options& given,
                const std::string& body) {
    int status = failed;
    client.async_request(given.service, mizzen::message{body},
                         [&](std::error_code ec, const mizzen::message& reply) {
                             io.stop();
                             if (ec)
                                 return log("request", request_failure(given.service, ec, reply));
                             if (!print_parts(reply))
                                 return log("request", "cannot write to stdout");
                             status = done;
                         });
    io.run();
    return status;
}

majordomo::client_options to_client_options(const options& given) {
    majordomo::client_options out;
    out.timeout = std::chrono::milliseconds{given.timeout_ms};
    out.retries = given.retries;
    out.max_outstanding = given.files_from.empty() ? 1 : given.outstanding;
    out.max_connections = out.max_outstanding;
    return out;
}

int run(const options& given) {
    if (!majordomo::valid_service_name(given.service)) {
        log("request", "a service's name has 1 to 255 printable ASCII characters");
        return usage;
    }
    asio::io_context io{1};
    majordomo::client client{io, to_client_options(given)};
    std::error_code ec;
    client.connect(given.endpoint, ec);
    if (ec)
        return endpoint_trouble("request", "connect to", given.endpoint, ec);

    std::string input = given.body;
    if (!given.files_from.empty() || given.body == "-") {
        input.clear();
        if (!read_stdin(input)) {
            log("request", "cannot read stdin");
            return failed;
        }
    }
    asio::signal_set signals{io, SIGINT, SIGTERM};
    signals.async_wait([&](std::error_code error, int) {
        if (!error)
            client.stop();
    });
    if (given.files_from.empty())
        return request_one(io, client, given, input);
    return request_files(io, client, {given.service, given.outstanding, given.progress}, input);
}

} // namespace

command add_request(CLI::App& app) {
    const auto given = std::make_shared<options>();
    CLI::App& sub = *app.add_subcommand("request", "Send requests to a Majordomo service");
    sub.add_option("service", given->service, "The service's name")->type_name("")->required();
    CLI::Option* body =
        sub.add_option("body", given->body, "The request; stdin when it is - or missing")
            ->type_name("");
    sub.add_option("--broker", given->endpoint, "Where the broker is")
        ->type_name("ENDPOINT")
        ->capture_default_str();
    sub.add_option("--timeout", given->timeout_ms, "For a reply, each time the request is sent")
        ->type_name("MS")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    sub.add_option("--retries", given->retries, "How often it is sent again")
        ->type_name("N")
        ->check(CLI::Range(0, 1'000'000))
        ->capture_default_str();
    sub.add_option("--files-from", given->files_from,
                   "Send each file named on stdin (by lines, or NUL-terminated), and print `REPLY  "
                   "PATH` for each, as sha256sum does; `-` is the one value")
        ->type_name("-")
        ->check(CLI::IsMember({"-"}))
        ->excludes(body);
    sub.add_option("--outstanding", given->outstanding, "Files sent at a time")
        ->type_name("N")
        ->check(CLI::Range(std::size_t{1}, std::size_t{10'000}))
        ->capture_default_str();
    sub.add_flag("--progress", given->progress, "Count the files on stderr");
    return [given] { return run(*given); };
}

} // namespace mizzen::cli
