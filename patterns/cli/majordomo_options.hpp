// Options that Majordomo's clients and workers have alike.
#pragma once

#include <mizzen/patterns/majordomo/wire.hpp>

#include <CLI/CLI.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace mizzen::cli {

struct brokers_option {
    std::vector<std::string> endpoints{"tcp://127.0.0.1:5555"};
    std::string version{"0.1"};

    [[nodiscard]] majordomo::dialect::version protocol() const {
        using majordomo::dialect;
        return version == "0.2" ? dialect::version::mdp02 : dialect::version::mdp01;
    }
    /// For a log line.
    [[nodiscard]] std::string names() const {
        std::string joined;
        for (const std::string& each : endpoints)
            joined += (joined.empty() ? "" : ", ") + each;
        return joined;
    }
};

/// `meaning` is what several --broker mean.
inline void add_brokers(CLI::App& app, brokers_option& options, const std::string& meaning) {
    app.add_option("--broker", options.endpoints, "Where the broker is; " + meaning)
        ->type_name("ENDPOINT")
        ->allow_extra_args(false)
        ->capture_default_str();
    app.add_option("--protocol", options.version, "Majordomo's version, 0.1 or 0.2")
        ->type_name("VERSION")
        ->check(CLI::IsMember({"0.1", "0.2"}))
        ->capture_default_str();
}

} // namespace mizzen::cli
