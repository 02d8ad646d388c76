// Titanic's options, which it has inside a broker and behind one alike, and the opening of its
// store.
#pragma once

#include <mizzen/patterns/titanic/journal.hpp>
#include <mizzen/patterns/titanic/service_options.hpp>
#include <mizzen/patterns/titanic/store.hpp>

#include <CLI/CLI.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace mizzen::cli {

struct titanic_options {
    std::string folder;
    bool memory = false;
    bool repair = false;
    std::string sync{"always"};
    titanic::journal_options store;
    titanic::service_options services;

    std::vector<const CLI::Option*> of_store; ///< Those that say nothing without one.

    [[nodiscard]] bool given() const noexcept { return memory || !folder.empty(); }
    /// The name of one that was given though there is no store; empty if all is well.
    [[nodiscard]] std::string useless() const;
};

/// `folder_option` names the option of the store's folder.
void add_titanic_options(CLI::App& sub, titanic_options& options, const std::string& folder_option,
                         const std::string& folder_meaning);

/// Of the services that have that store.
[[nodiscard]] titanic::service_options service_options_of(const titanic_options& given);

/// Whether a store can be had by the options, wherever it is: else says why not, and gives the exit
/// status.
[[nodiscard]] int check_titanic_options(std::string_view name, const titanic_options& options);

/// Opens the store, and logs what was found. Null, having said why, if it cannot be had; only that
/// another process has it (titanic::errc::locked) is not told.
[[nodiscard]] std::unique_ptr<titanic::store>
open_titanic_store(std::string_view name, const titanic_options& options, std::error_code& ec);

/// The same after that check. Says everything; the exit status is then in `trouble`.
[[nodiscard]] std::unique_ptr<titanic::store>
open_titanic_store(std::string_view name, const titanic_options& options, int& trouble);

} // namespace mizzen::cli
