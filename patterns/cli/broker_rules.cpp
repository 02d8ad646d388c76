// Reading a broker's rules, at its start and at SIGHUP.
#include "broker_rules.hpp"

#include "console.hpp"

#include <csignal>
#include <string>
#include <utility>

namespace mizzen::cli {
namespace {

void tell(const majordomo::broker_core::refusal& refused) {
    log("broker", (refused.user.empty() ? "somebody" : printable(refused.user)) + " may not " +
                      (refused.worker ? "offer " : "call ") +
                      (majordomo::valid_service_name(refused.service) ? refused.service
                                                                      : "what is no service"));
}

} // namespace

std::shared_ptr<const majordomo::access_rules> read_rules(const std::string& path) {
    using majordomo::access_rules;
    std::string text;
    if (!read_file(path, text)) {
        log("broker", "--rules: " + path + " cannot be read, or is empty");
        return nullptr;
    }
    access_rules::trouble wrong;
    auto rules = std::make_shared<const access_rules>(access_rules::parse(text, wrong));
    if (wrong.line == 0)
        return rules;
    log("broker", "--rules: " + path + ":" + std::to_string(wrong.line) + ": " + wrong.what);
    return nullptr;
}

rules_keeper::rules_keeper(asio::io_context& io, majordomo::broker& broker, std::string path)
    : signals_{io, SIGHUP}, broker_{broker}, path_{std::move(path)} {
    broker_.on_refusal(tell);
    wait();
}

void rules_keeper::wait() {
    signals_.async_wait([this](std::error_code ec, int) {
        if (ec)
            return;
        if (auto rules = read_rules(path_)) {
            log("broker", std::to_string(rules->size()) + " rules");
            broker_.replace_rules(std::move(rules));
        } else {
            log("broker", "the rules stay as they were");
        }
        wait();
    });
}

} // namespace mizzen::cli
