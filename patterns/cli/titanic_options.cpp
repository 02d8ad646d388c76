// Titanic's options, and the opening of its store.
#include "titanic_options.hpp"

#include "commands.hpp"
#include "console.hpp"
#include "number_options.hpp"
#include <mizzen/patterns/titanic/error.hpp>
#include <mizzen/patterns/titanic/files.hpp>
#include <mizzen/patterns/titanic/memory_directory.hpp>

#include <CLI/CLI.hpp>

#include <chrono>
#include <limits>
#include <random>
#include <system_error>
#include <utility>

namespace mizzen::cli {
namespace {

using std::chrono::milliseconds;

titanic::journal_options journal_options_of(const titanic_options& given) {
    titanic::journal_options out = given.store;
    if (given.repair)
        out.access = titanic::journal_access::repair;
    out.sync = given.sync == "interval" ? titanic::sync_mode::interval
               : given.sync == "never"  ? titanic::sync_mode::never
                                        : titanic::sync_mode::always;
    out.seed = (std::uint64_t{std::random_device{}()} << 32) | std::random_device{}();
    return out;
}

std::string place_of(const titanic::recovery_report::damage& what) {
    return what.file + " at " + std::to_string(what.offset) + ": " + what.words;
}

void report(std::string_view name, const titanic::recovery_report& found,
            const titanic::store_stats& kept) {
    for (const auto& each : found.damaged)
        log(name, "damaged: " + place_of(each));
    if (found.torn)
        log(name,
            "a crash left a torn tail, which was never acknowledged: " + place_of(*found.torn));
    if (found.damages != 0)
        log(name, found.repaired ? "the damage was marked, and what is readable is kept"
                                 : "the store is read-only until it is opened with --repair");
    log(name, "the store has " + std::to_string(kept.open) + " open requests, " +
                  std::to_string(kept.done) + " replies, " + std::to_string(kept.set_aside) +
                  " set aside");
}

void add_store_options(CLI::App& sub, titanic_options& given) {
    titanic::journal_options& store = given.store;
    sub.add_option("--sync", given.sync,
                   "When what is acknowledged is on the disk: always; interval: within "
                   "--sync-interval; never: when the system likes to")
        ->type_name("MODE")
        ->check(CLI::IsMember({"always", "interval", "never"}))
        ->capture_default_str();
    add_time(sub, "--sync-interval", store.sync_interval, "For --sync interval");
    sub.add_flag("--repair", given.repair,
                 "Mark what is damaged in the store, keep it in files of its own, and go on");
    add_time(sub, "--retention", store.retention,
             "How long replies are kept that nobody closes; 0 is for ever");
    add_number(sub, "--store-requests", store.max_requests, "Requests in the store");
    add_number(sub, "--store-octets", store.max_octets,
               "Octets of what lives in the store; the disk holds twice as many", "BYTES");
    add_number(sub, "--segment-octets", store.segment_octets,
               "Octets of one of the store's files, a multiple of 8", "BYTES");
    add_number(sub, "--group-octets", store.max_group_octets, "Octets of one commit", "BYTES");
    add_number(sub, "--body-octets", store.max_body_octets, "Octets of a request, or of a reply",
               "BYTES");
}

void add_service_options(CLI::App& sub, titanic::service_options& services) {
    add_number(sub, "--window", services.window, "Requests of one service at its workers at once");
    add_number(sub, "--window-octets", services.window_octets, "Their octets", "BYTES");
    add_number(sub, "--running", services.max_running, "Requests of all services at workers");
    add_number(sub, "--running-octets", services.max_running_octets, "Their octets", "BYTES");
    add_time(sub, "--attempt-timeout", services.attempt_timeout,
             "For a worker to answer, until the attempt has failed; 0 is no limit");
    add_number(sub, "--attempts", services.max_attempts,
               "Attempts that fail, until a request is set aside; 0 is no limit", "N",
               std::uint32_t{0});
    add_time(sub, "--retry", services.retry, "Until the next attempt; doubles, with jitter");
    add_time(sub, "--retry-max", services.retry_max, "The longest of these pauses");
    add_busy_poll(sub, "--store-busy-poll", services.busy_poll,
                  "How long to look for the end of a commit, and the store's thread for the next "
                  "one, without sleeping; 0 is not at all");
    add_number(sub, "--recent-octets", services.recent_octets,
               "Octets of bodies kept in memory as well", "BYTES", std::size_t{0});
}

} // namespace

void add_titanic_options(CLI::App& sub, titanic_options& options, const std::string& folder_option,
                         const std::string& folder_meaning) {
    CLI::Option* const folder =
        sub.add_option(folder_option, options.folder, folder_meaning)
            ->type_name("DIR")
            ->check([](const std::string& text) { // or there would be none, and nobody be told
                return text.empty() ? std::string{"a folder has a name"} : std::string{};
            });
    sub.add_flag("--memory", options.memory, "As " + folder_option + ", with nothing on the disk")
        ->excludes(folder);
    const auto before = sub.get_options().size();
    add_store_options(sub, options);
    add_service_options(sub, options.services);
    const auto all = std::as_const(sub).get_options();
    options.of_store.assign(all.begin() + static_cast<std::ptrdiff_t>(before), all.end());
}

std::string titanic_options::useless() const {
    if (!given())
        for (const CLI::Option* each : of_store)
            if (each->count() != 0)
                return each->get_name();
    return {};
}

titanic::service_options service_options_of(const titanic_options& given) {
    titanic::service_options out = given.services;
    out.max_body_octets = given.store.max_body_octets;
    return out;
}

int check_titanic_options(std::string_view name, const titanic_options& options) {
    if (options.memory && !options.folder.empty()) { // a configuration can say so
        log(name, "the store is in " + options.folder + " or in memory, not both");
        return usage;
    }
    titanic::journal_options tried = journal_options_of(options);
    tried.access = titanic::journal_access::inspect; // of an empty one
    titanic::recovery_report found;
    std::error_code ec;
    if (!titanic::open_journal(titanic::make_memory_directory(), tried, {}, found, ec)) {
        log(name, "cannot have a store like that: " + ec.message());
        return usage;
    }
    return done;
}

std::unique_ptr<titanic::store>
open_titanic_store(std::string_view name, const titanic_options& options, std::error_code& ec) {
    std::unique_ptr<titanic::directory> where =
        options.memory ? titanic::make_memory_directory()
                       : titanic::open_directory(options.folder, true, ec);
    const std::string place = options.memory ? "the store in memory" : options.folder;
    if (ec) {
        log(name, "cannot use " + place + " as a store: " + ec.message());
        return nullptr;
    }
    const auto now = std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
    titanic::recovery_report found;
    auto kept =
        titanic::open_journal(std::move(where), journal_options_of(options), now, found, ec);
    if (kept)
        report(name, found, kept->stats());
    else if (ec != make_error_code(titanic::errc::locked))
        log(name, "cannot open " + place + ": " + ec.message());
    return kept;
}

std::unique_ptr<titanic::store> open_titanic_store(std::string_view name,
                                                   const titanic_options& options, int& trouble) {
    trouble = check_titanic_options(name, options);
    if (trouble != done)
        return nullptr;
    std::error_code ec;
    auto kept = open_titanic_store(name, options, ec);
    if (!kept)
        trouble = failed;
    if (ec == make_error_code(titanic::errc::locked))
        log(name, "cannot open " + options.folder + ": " + ec.message());
    return kept;
}

} // namespace mizzen::cli
