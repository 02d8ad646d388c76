// What a program has sent over the default context is written before it exits. In a program of its
// own, since a child can start threads only if its parent has none.
#include <mizzen/blocking.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <system_error>

namespace {

constexpr int count = 500;

void send_all(const std::string& endpoint) {
    mizzen::blocking::push sender;
    sender.connect(endpoint);
    for (int i = 0; i < count; ++i)
        sender.send(mizzen::message{std::to_string(i)});
}

int receive_all(const std::string& endpoint) {
    mizzen::blocking::pull receiver;
    receiver.bind(endpoint);
    for (int i = 0; i < count; ++i) {
        mizzen::message m;
        std::error_code ec;
        if (!receiver.receive(m, std::chrono::seconds{20}, ec) || m.text(0) != std::to_string(i)) {
            std::fprintf(stderr, "message %d: %s\n", i, ec.message().c_str());
            return 1;
        }
    }
    return 0;
}

} // namespace

int main() {
    const std::string endpoint = "ipc://@mizzen-exit-" + std::to_string(::getpid());
    const pid_t child = ::fork();
    if (child == 0) {
        send_all(endpoint);
        return 0;
    }
    const int result = receive_all(endpoint);
    int status = -1;
    return child > 0 && ::waitpid(child, &status, 0) == child && status == 0 ? result : 1;
}
