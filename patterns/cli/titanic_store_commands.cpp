// The sub-commands of `mizzen titanic` that need no server, and those of them that change a store.
#include "console.hpp"
#include "titanic_commands.hpp"
#include <mizzen/patterns/titanic/error.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

namespace mizzen::cli {
namespace {

using titanic::journal_access;
using titanic::recovery_report;
using titanic::request_id;

titanic::wall_time now() {
    return std::chrono::time_point_cast<titanic::milliseconds>(std::chrono::system_clock::now());
}

/// What is wrong with what was given as an id; empty if nothing is.
std::string check_id(const std::string& text) {
    return titanic::parse_request_id(text) ? "" : "an id is 32 hexadecimal digits";
}

struct change_options {
    std::string store;
    std::string id;
};

/// Makes one change, and waits until it is on the disk.
template <class Change>
int change(const std::string& verb, const change_options& given, Change make) {
    opened_store opened{verb, given.store};
    if (!opened.open(journal_access::normal))
        return failed;
    titanic::store& kept = opened.kept();
    const request_id id = titanic::parse_request_id(given.id).value_or(request_id{});
    std::error_code ec;
    titanic::ticket mine = make(kept, id, ec);
    while (ec == titanic::errc::busy) { // there is no room before the next segment is made
        titanic::commit_job* const job = kept.begin_commit(now());
        if (job == nullptr)
            break;
        job->run();
        kept.end_commit(now());
        mine = make(kept, id, ec);
    }
    if (ec == titanic::errc::read_only)
        return opened.damage();
    if (ec == titanic::errc::wrong_state)
        return opened.trouble("only what was set aside can be retried");
    if (!ec)
        kept.close(now(), ec);
    if (!ec && kept.released() < mine)
        ec = kept.failure() ? kept.failure() : make_error_code(titanic::errc::failed);
    return ec ? opened.trouble(ec.message()) : static_cast<int>(done);
}

int retry(const change_options& given) {
    return change("retry", given, [](titanic::store& kept, const request_id& id, auto& ec) {
        return kept.reopen(id, ec);
    });
}

int drop(const change_options& given) {
    return change("drop", given, [](titanic::store& kept, const request_id& id, auto& ec) {
        return kept.close_request(id, ec);
    });
}

std::string place(const recovery_report::damage& at) {
    return at.file + " at " + std::to_string(at.offset) + ", " + std::to_string(at.octets) +
           " octets: " + at.words;
}

std::string place_and_loss(const recovery_report::damage& at) {
    if (at.last_lost == 0)
        return place(at);
    return place(at) + "; records " + std::to_string(at.first_lost) + " to " +
           std::to_string(at.last_lost) + " are lost";
}

int verify(const std::string& path, bool repair) {
    opened_store opened{"verify", path};
    if (!opened.open(repair ? journal_access::repair : journal_access::inspect))
        return failed;
    const recovery_report& found = opened.found();
    bool printed =
        print_line(std::to_string(found.segments) + " segments, " + std::to_string(found.records) +
                   " records, " + std::to_string(found.octets) + " octets");
    for (const recovery_report::damage& each : found.damaged)
        printed = printed && print_line("damaged: " + place_and_loss(each));
    if (found.damages > found.damaged.size())
        printed = printed && print_line(std::to_string(found.damages - found.damaged.size()) +
                                        " more are damaged");
    // In use, this is where it is being written; else, where a crash has left it.
    if (found.torn)
        printed = printed && print_line("torn: " + place(*found.torn));
    if (found.foreign != 0)
        printed = printed && print_line(std::to_string(found.foreign) + " foreign files");
    if (repair) {
        std::error_code ec;
        opened.kept().close(now(), ec);
        if (ec)
            return opened.trouble(ec.message());
        if (found.damages != 0)
            printed = printed && print_line("repaired; what was damaged is in damaged-*");
    }
    return printed && (repair || found.damages == 0) ? done : failed;
}

void add_store(CLI::App& sub, std::string& path) {
    sub.add_option("--store", path, "Where it is")->type_name("DIR")->required();
}

void add_id(CLI::App& sub, std::string& id) {
    sub.add_option("id", id, "The request's: 32 hexadecimal digits")
        ->type_name("")
        ->required()
        ->check(check_id);
}

titanic_verb add_ls(CLI::App& titanic) {
    const auto given = std::make_shared<listing_options>();
    CLI::App& sub = *titanic.add_subcommand("ls", "List the requests of a store, in use or not");
    add_store(sub, given->store);
    sub.add_option("--state", given->state, "Only those: open, done or set-aside")
        ->type_name("STATE")
        ->check(CLI::IsMember({"open", "done", "set-aside"}));
    sub.add_option("--service", given->service, "Only those for it")->type_name("NAME");
    return {&sub, [given] { return list_requests(*given); }};
}

titanic_verb add_show(CLI::App& titanic) {
    const auto given = std::make_shared<show_options>();
    CLI::App& sub = *titanic.add_subcommand(
        "show", "Print a request, or once it is done, its reply; of a store in use or not");
    add_id(sub, given->id);
    add_store(sub, given->store);
    sub.add_option("--format", given->format,
                   "Of the body: text (a part a line), hex (a part as hexadecimal digits, with "
                   "spaces between) or json (an array of parts)")
        ->type_name("FORMAT")
        ->check(CLI::IsMember({"text", "hex", "json"}))
        ->capture_default_str();
    sub.add_flag("--body", given->body_alone, "Print nothing but the body");
    return {&sub, [given] { return show_request(*given); }};
}

titanic_verb add_change(CLI::App& titanic, const char* name, const char* what,
                        int (*run)(const change_options&)) {
    const auto given = std::make_shared<change_options>();
    CLI::App& sub = *titanic.add_subcommand(name, what);
    add_id(sub, given->id);
    add_store(sub, given->store);
    return {&sub, [given, run] { return run(*given); }};
}

titanic_verb add_verify(CLI::App& titanic) {
    struct options {
        std::string store;
        bool repair = false;
    };
    const auto given = std::make_shared<options>();
    CLI::App& sub = *titanic.add_subcommand("verify", "Read all of a store, in use or not");
    add_store(sub, given->store);
    sub.add_flag("--repair", given->repair,
                 "Put what is damaged into files of its own and keep the rest; not in use");
    return {&sub, [given] { return verify(given->store, given->repair); }};
}

titanic_verb add_stats(CLI::App& titanic) {
    const auto store = std::make_shared<std::string>();
    CLI::App& sub = *titanic.add_subcommand("stats", "Count what is in a store, in use or not");
    add_store(sub, *store);
    return {&sub, [store] { return print_store_stats(*store); }};
}

} // namespace

bool opened_store::open(journal_access access) {
    std::error_code ec;
    auto where = titanic::open_directory(path_, false, ec);
    const std::vector<std::string> names = ec ? std::vector<std::string>{} : where->list(ec);
    if (!ec && std::ranges::none_of(
                   names, [](const std::string& each) { return each.starts_with("journal-"); })) {
        trouble("there is no store");
        return false;
    }
    titanic::journal_options options;
    options.access = access;
    if (!ec)
        kept_ = open_journal(std::move(where), options, now(), found_, ec);
    if (ec)
        trouble(ec.message());
    return kept_ != nullptr;
}

int opened_store::trouble(std::string_view what) const {
    log("titanic " + verb_, path_ + ": " + std::string{what});
    return failed;
}

int opened_store::damage() const {
    if (found_.damages == 0 || found_.repaired)
        return done;
    return trouble("the store is damaged; see `mizzen titanic verify`");
}

std::vector<titanic_verb> add_titanic_store(CLI::App& titanic) {
    return {
        add_ls(titanic),
        add_show(titanic),
        add_change(titanic, "retry", "Open again what was set aside, in a store not in use", retry),
        add_change(titanic, "drop", "Forget a request and its reply, in a store not in use", drop),
        add_verify(titanic),
        add_stats(titanic),
    };
}

} // namespace mizzen::cli
