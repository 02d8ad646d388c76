// `mizzen req` and its like: a socket of that type with stdin and stdout at its other end.
#include "commands.hpp"
#include "console.hpp"
#include "conversation.hpp"
#include "raw_socket.hpp"

#include <asio/io_context.hpp>

#include <CLI/CLI.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace mizzen::cli {
namespace {

using zmtp::socket_type;

struct socket_arguments {
    conversation_options talk;
    socket_options socket;
    std::string format;
    bool multipart = false;
};

struct description {
    socket_type type;
    const char* name;
    const char* text;
};
constexpr description descriptions[] = {
    {socket_type::req, "req", "Send each line of stdin as a request and print its reply"},
    {socket_type::rep, "rep", "Print requests and answer each with a line of stdin, or --echo"},
    {socket_type::dealer, "dealer", "Send lines to peers in turn and print what comes"},
    {socket_type::router, "router", "Print what comes with the sender's id; send to the id given"},
    {socket_type::pub, "pub", "Publish lines of stdin; a line begins with its topic"},
    {socket_type::sub, "sub", "Subscribe, and print what is published"},
    {socket_type::xpub, "xpub", "Publish lines of stdin and print subscriptions"},
    {socket_type::xsub, "xsub", "Send subscriptions and print what is published"},
    {socket_type::push, "push", "Send lines of stdin to peers in turn"},
    {socket_type::pull, "pull", "Print what comes"},
    {socket_type::pair, "pair", "Send lines to the one peer and print what comes"},
};

bool sends(socket_type type) { return type != socket_type::sub && type != socket_type::pull; }
bool publishes(socket_type type) { return type == socket_type::pub || type == socket_type::xpub; }
bool can_echo(socket_type type) {
    return type == socket_type::rep || type == socket_type::dealer || type == socket_type::router ||
           type == socket_type::pair;
}

int run(socket_arguments given) {
    conversation_options& talk = given.talk;
    if (given.multipart && given.format != "text") {
        log(talk.name, "--multipart is for --format text; the others tell parts apart anyway");
        return usage;
    }
    talk.form = given.format == "hex"    ? message_form::hex
                : given.format == "json" ? message_form::json
                : given.multipart        ? message_form::parts
                                         : message_form::lines;
    if (talk.type == socket_type::sub && talk.topics.empty())
        talk.topics.emplace_back();
    if (talk.echo || talk.type == socket_type::rep)
        talk.wait = 0;
    asio::io_context io{1};
    if (const int trouble = make_secured(talk.name, given.socket.security, given.socket.secured))
        return trouble;
    return conversation{io, talk, given.socket}.run();
}

void add_message_options(CLI::App& sub, socket_arguments& given) {
    sub.add_option("--format", given.format,
                   "How messages are written and read: text (a line each), hex (parts as digits, "
                   "with spaces between) or json (an array of parts)")
        ->type_name("FORMAT")
        ->check(CLI::IsMember({"text", "hex", "json"}))
        ->capture_default_str();
    sub.add_flag("--multipart", given.multipart,
                 "Text with a line for each part and an empty one behind the last; a part that is "
                 "empty or begins with a backslash has one in front");
    sub.add_option("--count", given.talk.count,
                   "Stop after that many messages: replies, what was received, or for a type that "
                   "only sends or answers, what was sent")
        ->type_name("N")
        ->check(CLI::PositiveNumber);
    sub.add_option("--timeout", given.talk.timeout_ms,
                   "Longest wait for a peer to do the next thing; then it fails")
        ->type_name("MS")
        ->check(CLI::PositiveNumber);
    sub.add_flag("--verbose,-v", given.talk.verbose, "Tell of connections on stderr");
}

void add_sending_options(CLI::App& sub, socket_arguments& given) {
    const socket_type type = given.talk.type;
    sub.add_option("--interval", given.talk.interval_ms, "Pause between messages sent")
        ->type_name("MS")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    if (type != socket_type::rep) {
        given.talk.wait = 1;
        sub.add_option("--wait", given.talk.wait,
                       publishes(type) ? "Subscribers to wait for before the first message"
                                       : "Peers to wait for before the first message")
            ->type_name("N")
            ->check(CLI::Range(0, 1'000'000))
            ->capture_default_str();
    }
    if (can_echo(type))
        sub.add_flag("--echo", given.talk.echo, "Send back what comes, and leave stdin alone");
}

} // namespace

std::vector<command> add_sockets(CLI::App& app) {
    std::vector<command> commands;
    for (const description& each : descriptions) {
        const auto given = std::make_shared<socket_arguments>();
        given->talk.name = each.name;
        given->talk.type = each.type;
        given->format = each.type == socket_type::router ? "json" : "text"; // ids are binary
        CLI::App& sub = *app.add_subcommand(each.name, each.text);
        add_socket_options(sub, each.type, given->socket);
        add_message_options(sub, *given);
        if (sends(each.type))
            add_sending_options(sub, *given);
        if (each.type == socket_type::sub || each.type == socket_type::xsub)
            // As it is: CLI11 has meanings of its own for {} and the like in lists.
            sub.add_option(
                   "--subscribe",
                   [given](const CLI::results_t& topics) {
                       given->talk.topics = topics;
                       return true;
                   },
                   each.type == socket_type::sub
                       ? "What messages have to begin with; may be repeated; without it, all"
                       : "What messages have to begin with; may be repeated")
                ->type_name("TOPIC")
                ->type_size(1)
                ->expected(1, CLI::detail::expected_max_vector_size)
                ->allow_extra_args(false);
        commands.push_back([given] { return run(*given); });
    }
    return commands;
}

} // namespace mizzen::cli
