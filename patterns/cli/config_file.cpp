// The options' names and values, line by line.
#include "config_file.hpp"

#include "commands.hpp"
#include "console.hpp"

#include <CLI/CLI.hpp>

#include <sstream>
#include <vector>

namespace mizzen::cli {
namespace {

// What is wrong with an item; empty if nothing is.
std::string apply(CLI::App& sub, const CLI::ConfigItem& item) {
    if (item.name == "++" || item.name == "--") // where a section starts and ends
        return {};
    CLI::Option* const option = sub.get_option_no_throw("--" + item.name);
    const bool in_section = !item.parents.empty() && item.parents != std::vector{sub.get_name()};
    if (option == nullptr || in_section || item.name == "config" || item.name == "help")
        return "there is no option " + item.fullname();
    if (option->count() != 0)
        return {}; // the command line wins
    try {
        option->add_result(item.inputs);
        option->run_callback();
    } catch (const CLI::Error& error) {
        return error.what();
    }
    return {};
}

} // namespace

void add_config(CLI::App& sub, std::string& path) {
    sub.add_option("--config", path, "Read options that are not given here: lines `name=value`")
        ->type_name("FILE");
}

int read_config(CLI::App& sub, const std::string& path) {
    if (path.empty())
        return done;
    const auto trouble = [&](const std::string& what) {
        log(sub.get_name(), path + ": " + what);
        return usage;
    };
    std::string content;
    if (!read_file(path, content))
        return trouble("cannot be read");
    std::istringstream lines{content};
    std::vector<CLI::ConfigItem> items;
    try {
        items = CLI::ConfigINI{}.from_config(lines);
    } catch (const CLI::Error& error) {
        return trouble(error.what());
    }
    for (const CLI::ConfigItem& item : items) {
        if (const std::string wrong = apply(sub, item); !wrong.empty())
            return trouble(wrong);
    }
    return done;
}

} // namespace mizzen::cli
