// A network between two peers that goes wrong when it is told to.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace mizzen::testing {

/// Which way octets go: from who connected to the proxy, or to it.
enum class way : std::uint8_t { there, back };

/// Takes TCP connections and passes what comes over them on to the target, each over a connection
/// of its own. What is asked of it holds for the connections that there are, and those to come,
/// from when the call returns.
///
/// Threads  It has one of its own, so that it serves sockets that run on any; the calls are safe
///          from all.
class fault_proxy {
public:
    /// The target is tcp://127.0.0.1:PORT, and need not be there yet.
    explicit fault_proxy(std::string_view target);
    ~fault_proxy();
    fault_proxy(const fault_proxy&) = delete;
    fault_proxy& operator=(const fault_proxy&) = delete;

    [[nodiscard]] std::string endpoint() const;

    /// Nothing passes any more, either way, and nobody is told: as if the cable were out. New
    /// connections come about, as the kernel at this end accepts them, and nothing passes there.
    void silence();
    /// Everything that came meanwhile passes, and what comes.
    void resume();
    /// What comes that way vanishes, as much of it as that. The stream goes on behind it.
    void lose(way which, std::uint64_t octets);
    /// Each piece of the stream is on its way for that long.
    void delay(std::chrono::milliseconds time);
    /// Octets go one by one, each in a segment of its own.
    void trickle(bool on);
    /// All connections end, by a reset of both their sides.
    void cut();
    /// Each connection is cut in that way once so many octets have passed; 0 is never.
    void cut_after(way which, std::uint64_t octets);
    /// Connections are accepted and reset at once, as if nobody was behind it.
    void refuse(bool on);

    /// How many connections there have been, how many there are,
    [[nodiscard]] std::uint64_t connections() const;
    [[nodiscard]] std::uint64_t open() const;
    /// and how many octets have passed.
    [[nodiscard]] std::uint64_t passed(way which) const;

private:
    class network;
    void ask(const std::function<void(network&)>& what);

    std::unique_ptr<network> network_;
};

} // namespace mizzen::testing
