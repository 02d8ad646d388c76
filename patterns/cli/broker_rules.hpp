// The file of a broker's rules.
#pragma once

#include <mizzen/patterns/majordomo/broker.hpp>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

#include <memory>
#include <string>

namespace mizzen::cli {

/// Null, having said why, if there is no such file, it is empty, or a line of it makes no sense.
[[nodiscard]] std::shared_ptr<const majordomo::access_rules> read_rules(const std::string& path);

/// Says who is refused; reads the file again at SIGHUP, and keeps to what was when it is wrong.
class rules_keeper {
public:
    rules_keeper(asio::io_context& io, majordomo::broker& broker, std::string path);

    void stop() { signals_.cancel(); }

private:
    void wait();

    asio::signal_set signals_;
    majordomo::broker& broker_;
    std::string path_;
};

} // namespace mizzen::cli
