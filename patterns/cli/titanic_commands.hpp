// `mizzen titanic` and what it can do with a store.
#pragma once

#include "cli11_forward.hpp"
#include "commands.hpp"
#include <mizzen/patterns/titanic/journal.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mizzen::cli {

command add_titanic(CLI::App& app);

/// A sub-command of `mizzen titanic`.
struct titanic_verb {
    const CLI::App* sub;
    command run;
};
/// Adds those that look at a store, or change it, without a server.
[[nodiscard]] std::vector<titanic_verb> add_titanic_store(CLI::App& titanic);

/// A store that is there; never makes one.
class opened_store {
public:
    opened_store(std::string verb, std::string path)
        : verb_{std::move(verb)}, path_{std::move(path)} {}

    /// Says on stderr why there is none. Damage is in the report.
    [[nodiscard]] bool open(titanic::journal_access access);
    [[nodiscard]] titanic::store& kept() const noexcept { return *kept_; }
    [[nodiscard]] const titanic::recovery_report& found() const noexcept { return found_; }
    /// Gives the exit status `failed`.
    int trouble(std::string_view what) const;
    /// Says on stderr that the store is damaged, and gives `failed`; or else `done`.
    [[nodiscard]] int damage() const;

private:
    std::string verb_;
    std::string path_;
    std::unique_ptr<titanic::store> kept_;
    titanic::recovery_report found_;
};

struct listing_options {
    std::string store;
    std::string state;
    std::string service;
};
/// The requests, a line each.
int list_requests(const listing_options& given);

struct show_options {
    std::string store;
    std::string id;
    std::string format{"json"};
    bool body_alone = false;
};
/// One request, and its body or its reply's.
int show_request(const show_options& given);

/// How much of everything there is.
int print_store_stats(const std::string& path);

} // namespace mizzen::cli
