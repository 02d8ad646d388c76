// `mizzen titanic`.
#include "titanic_commands.hpp"

namespace mizzen::cli {

command add_titanic(CLI::App& app) {
    CLI::App& sub = *app.add_subcommand("titanic", "Look at a store of requests, and mend it");
    sub.require_subcommand(1);
    return [verbs = add_titanic_store(sub)] {
        for (const titanic_verb& each : verbs)
            if (each.sub->parsed())
                return each.run();
        return static_cast<int>(usage);
    };
}

} // namespace mizzen::cli
