// How a worker's requests are answered: by a shell command, an echo, or a digest.
#pragma once

#include "command_process.hpp"
#include "console.hpp"
#include "sha256.hpp"
#include <mizzen/message.hpp>

#include <asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace mizzen::cli {

/// What to do with a request's body: exactly one of these.
struct job_kind {
    std::string line; ///< For the shell.
    bool echo = false;
    bool sha256 = false;

    /// Why it makes no sense; nothing if it does.
    [[nodiscard]] std::string trouble() const {
        if (int{echo} + int{sha256} + int{!line.empty()} != 1)
            return "exactly one of --exec, --echo and --sha256 is needed";
        if (sha256 && !has_sha256())
            return "--sha256 needs a build with OpenSSL (meson setup -Dcurve=enabled)";
        return {};
    }
};

/// Answers requests by running the command line, each in a process of its own. More may come than
/// there are to be processes, as several brokers may each give so many: some wait then.
template <class Responder> class command_runner {
public:
    command_runner(asio::any_io_executor executor, std::string line, command_limits limits,
                   std::size_t jobs)
        : executor_{std::move(executor)}, line_{std::move(line)}, limits_{limits}, jobs_{jobs} {}

    void serve(mizzen::message body, Responder answer) {
        waiting_.push_back({std::move(body), std::move(answer)});
        start_more();
    }
    void stop() {
        running_.clear();
        waiting_.clear();
    }

private:
    struct job {
        mizzen::message body;
        Responder answer;
    };

    void start_more() {
        while (running_.size() < jobs_ && !waiting_.empty()) {
            job next = std::move(waiting_.front());
            waiting_.pop_front();
            run(std::move(next.body), std::move(next.answer));
        }
    }

    void run(mizzen::message body, Responder answer) {
        const std::uint64_t number = ++last_number_;
        const auto kept = std::make_shared<Responder>(std::move(answer));
        auto ended = [this, number, kept](const std::string& failure, const std::string& output) {
            if (failure.empty()) {
                kept->reply(mizzen::message{output});
            } else {
                log("worker", failure);
                kept->fail(failure);
            }
            running_.erase(number);
            start_more();
        };
        running_.emplace(number, std::make_unique<command_process>(
                                     executor_, line_, std::move(body), limits_, ended));
    }

    asio::any_io_executor executor_;
    std::string line_;
    command_limits limits_;
    std::size_t jobs_;
    std::uint64_t last_number_ = 0;
    std::map<std::uint64_t, std::unique_ptr<command_process>> running_;
    std::deque<job> waiting_;
};

template <class Responder>
void serve_sha256(const asio::any_io_executor& executor, mizzen::message body, Responder answer) {
    const auto kept = std::make_shared<Responder>(std::move(answer));
    sha256(executor, std::move(body), [kept](const std::string& digest) {
        if (digest.empty())
            kept->fail("OpenSSL cannot do SHA-256");
        else
            kept->reply(mizzen::message{digest});
    });
}

/// The runner outlives the handler.
template <class Responder>
[[nodiscard]] std::function<void(mizzen::message, Responder)>
make_handler(const job_kind& kind, const asio::any_io_executor& executor,
             command_runner<Responder>& runner) {
    if (kind.echo)
        return [](mizzen::message body, Responder answer) { answer.reply(std::move(body)); };
    if (kind.sha256)
        return [executor](mizzen::message body, Responder answer) {
            serve_sha256(executor, std::move(body), std::move(answer));
        };
    return [&runner](mizzen::message body, Responder answer) {
        runner.serve(std::move(body), std::move(answer));
    };
}

} // namespace mizzen::cli
