// Starting, feeding, reading and reaping a shell command.
#include "command_process.hpp"

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace mizzen::cli {
namespace {

struct pipe_ends {
    int read = -1;
    int write = -1;
};

pipe_ends open_pipe(std::error_code& ec) {
    std::array<int, 2> ends{};
    if (ec || ::pipe2(ends.data(), O_CLOEXEC) != 0) {
        if (!ec)
            ec.assign(errno, std::system_category());
        return {};
    }
    return {ends[0], ends[1]};
}

void close_both(const pipe_ends& ends) {
    if (ends.read != -1)
        ::close(ends.read);
    if (ends.write != -1)
        ::close(ends.write);
}

// Between fork and exec: only what is safe there. Sockets are not marked close-on-exec, and one
// that a command kept open would make a dead worker look alive.
[[noreturn]] void become_shell(const char* line, int in, int out, pid_t parent) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent)
        ::_exit(127);
    for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGCHLD})
        std::signal(number, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    if (::dup2(in, STDIN_FILENO) == -1 || ::dup2(out, STDOUT_FILENO) == -1)
        ::_exit(127);
    ::closefrom(STDERR_FILENO + 1);
    ::execl("/bin/sh", "sh", "-c", line, static_cast<char*>(nullptr));
    ::_exit(127);
}

std::string words_for(int status) {
    if (WIFSIGNALED(status))
        return "the command was killed by signal " + std::to_string(WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
        return "the command ended with status " + std::to_string(WEXITSTATUS(status));
    return {};
}

} // namespace

class command_process::run : public std::enable_shared_from_this<command_process::run> {
public:
    run(const asio::any_io_executor& executor, mizzen::message input, command_limits limits,
        on_end ended)
        : in_{executor}, out_{executor}, child_changes_{executor, SIGCHLD}, timer_{executor},
          input_{std::move(input)}, limits_{limits}, ended_{std::move(ended)} {}

    void start(const std::string& line) {
        std::error_code ec;
        const pipe_ends to_child = open_pipe(ec);
        const pipe_ends from_child = open_pipe(ec);
        const pid_t parent = ::getpid();
        if (!ec) {
            pid_ = ::fork();
            if (pid_ == 0)
                become_shell(line.c_str(), to_child.read, from_child.write, parent);
            if (pid_ == -1)
                ec.assign(errno, std::system_category());
        }
        if (ec) {
            close_both(to_child);
            close_both(from_child);
            return fail_later("the command cannot be started: " + ec.message());
        }
        ::setpgid(pid_, pid_); // whichever of the two is first
        ::close(to_child.read);
        ::close(from_child.write);
        in_.assign(to_child.write);
        out_.assign(from_child.read);
        in_.non_blocking(true);
        out_.non_blocking(true);
        start_timer();
        write_input();
        read_output();
        wait_for_child();
    }

    void abandon() {
        ended_ = nullptr;
        kill_and_reap();
        close();
    }

private:
    void fail_later(std::string why) {
        failure_ = std::move(why);
        asio::post(timer_.get_executor(), [self = shared_from_this()] { self->finish(); });
    }

    void start_timer() {
        if (limits_.time.count() == 0)
            return;
        timer_.expires_after(limits_.time);
        timer_.async_wait([self = shared_from_this()](std::error_code ec) {
            if (ec)
                return;
            self->give_up("the command took longer than " +
                          std::to_string(self->limits_.time.count()) + " ms");
        });
    }

    // A command need not read its input: that it cannot be written is no failure.
    void write_input() {
        std::vector<asio::const_buffer> parts;
        for (const octets part : input_)
            parts.emplace_back(part.data(), part.size());
        asio::async_write(in_, parts, [self = shared_from_this()](std::error_code, std::size_t) {
            std::error_code ignored;
            self->in_.close(ignored);
            self->input_.clear();
        });
    }

    void read_output() {
        out_.async_read_some(asio::buffer(chunk_), [self = shared_from_this()](std::error_code ec,
                                                                               std::size_t size) {
            if (!self->ended_)
                return;
            if (ec) {
                self->out_ended_ = true;
                return self->finish_if_over();
            }
            if (size > self->limits_.output - self->output_.size())
                return self->give_up("the command wrote more than " +
                                     std::to_string(self->limits_.output) + " octets");
            self->output_.append(self->chunk_.data(), size);
            self->read_output();
        });
    }

    void wait_for_child() {
        if (!ended_)
            return;
        siginfo_t info{};
        // Left a zombie, so that its number still names its group.
        const int got =
            ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
        if (got == 0 && info.si_pid == pid_) {
            failure_ = words_for(kill_and_reap());
            return finish_if_over();
        }
        child_changes_.async_wait([self = shared_from_this()](std::error_code ec, int) {
            if (!ec)
                self->wait_for_child();
        });
    }

    int kill_and_reap() {
        if (pid_ <= 0)
            return 0;
        ::kill(-pid_, SIGKILL);
        int status = 0;
        while (::waitpid(pid_, &status, 0) == -1 && errno == EINTR) {
        }
        pid_ = -1;
        return status;
    }

    void give_up(std::string why) {
        if (!ended_)
            return;
        kill_and_reap();
        failure_ = std::move(why);
        finish();
    }

    void finish_if_over() {
        if (pid_ == -1 && out_ended_)
            finish();
    }

    void finish() {
        const auto ended = std::exchange(ended_, nullptr);
        close();
        if (ended)
            ended(std::move(failure_), std::move(output_));
    }

    void close() {
        std::error_code ignored;
        in_.close(ignored);
        out_.close(ignored);
        child_changes_.cancel(ignored);
        timer_.cancel();
    }

    asio::posix::stream_descriptor in_;
    asio::posix::stream_descriptor out_;
    asio::signal_set child_changes_;
    asio::steady_timer timer_;
    pid_t pid_ = -1;
    mizzen::message input_;
    command_limits limits_;
    on_end ended_; // empty once it was called, or must not be
    std::array<char, 65536> chunk_{};
    std::string output_;
    std::string failure_;
    bool out_ended_ = false;
};

command_process::command_process(const asio::any_io_executor& executor, const std::string& line,
                                 mizzen::message input, command_limits limits, on_end ended)
    : run_{std::make_shared<run>(executor, std::move(input), limits, std::move(ended))} {
    run_->start(line);
}

command_process::~command_process() { run_->abandon(); }

} // namespace mizzen::cli
