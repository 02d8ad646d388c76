// Two hosts, as namespaces of this one, and the cable between them taken out.
#include "loop.hpp"
#include "monitor_helpers.hpp"
#include <mizzen/dealer.hpp>
#include <mizzen/zmtp/error.hpp>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <utility>

namespace mizzen::testing {
namespace {

/// Two namespaces with a link between them, for as long as it lives.
class two_hosts {
public:
    two_hosts() : here_{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)} {
        there_ = here_ >= 0 && command("netns add " + a_) && command("netns add " + b_) &&
                 command("link add " + veth(a_) + " netns " + a_ + " type veth peer name " +
                         veth(b_) + " netns " + b_) &&
                 command("-n " + a_ + " addr add 10.77.0.1/24 dev " + veth(a_)) &&
                 command("-n " + b_ + " addr add 10.77.0.2/24 dev " + veth(b_)) &&
                 command("-n " + a_ + " link set " + veth(a_) + " up") &&
                 command("-n " + b_ + " link set " + veth(b_) + " up") && enter(a_) && leave();
    }
    ~two_hosts() {
        leave();
        command("netns del " + a_);
        command("netns del " + b_);
        ::close(here_);
    }
    two_hosts(const two_hosts&) = delete;
    two_hosts& operator=(const two_hosts&) = delete;

    /// Whether this process may have them.
    [[nodiscard]] bool there() const { return there_; }
    /// What this thread opens from now on is that host's.
    [[nodiscard]] bool be_server() const { return enter(a_); }
    [[nodiscard]] bool be_client() const { return enter(b_); }
    [[nodiscard]] bool set_link(const char* to) const {
        return command("-n " + a_ + " link set " + veth(a_) + " " + to);
    }

private:
    static bool command(const std::string& what) {
        return std::system(("ip " + what + " >/dev/null 2>&1").c_str()) == 0;
    }
    static std::string veth(const std::string& host) { return "v" + host.substr(6); }
    static bool enter(const std::string& host) {
        const int there = ::open(("/run/netns/" + host).c_str(), O_RDONLY | O_CLOEXEC);
        const bool done = there >= 0 && ::setns(there, CLONE_NEWNET) == 0;
        ::close(there);
        return done;
    }
    bool leave() const { return ::setns(here_, CLONE_NEWNET) == 0; }

    const std::string a_ = "mizzen" + std::to_string(::getpid()) + "a";
    const std::string b_ = "mizzen" + std::to_string(::getpid()) + "b";
    int here_;
    bool there_ = false;
};

TEST_CASE("hosts whose cable is out find that by heartbeats, and each other when it is back") {
    const two_hosts hosts;
    if (!hosts.there()) {
        MESSAGE("not run: this process may not have network namespaces (root and iproute2 may)");
        return;
    }
    loop run;
    dealer server{run.io};
    dealer client{run.io};
    REQUIRE(hosts.be_server());
    const std::string endpoint = server.bind("tcp://10.77.0.1:*");
    REQUIRE(hosts.be_client());
    monitor of_server{server};
    monitor of_client{client};
    server.set(option::heartbeat{20ms, 200ms});
    client.set(option::heartbeat{20ms, 200ms});
    client.set(option::reconnect_interval{1ms, 20ms});
    client.set(option::connect_timeout{100ms});
    client.connect(endpoint);
    send(run, client, "hello");
    CHECK(receive(run, server) == "hello");
    CHECK(server.peers().front().address.starts_with("tcp://10.77.0.2:"));
    for (int round = 0; round < 2; ++round) {
        REQUIRE(hosts.set_link("down"));
        for (monitor* watch : {&of_server, &of_client}) {
            auto event = next_event(run, *watch);
            while (event.kind != event_kind::disconnected)
                event = next_event(run, *watch);
            CHECK(event.reason == zmtp::errc::heartbeat_timeout);
        }
        auto event = next_event(run, of_client);
        while (event.kind != event_kind::connect_failed)
            event = next_event(run, of_client);
        REQUIRE(hosts.set_link("up"));
        send(run, client, "again");
        CHECK(receive(run, server) == "again");
    }
}

} // namespace
} // namespace mizzen::testing
