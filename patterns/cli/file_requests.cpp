// Reading files, sending them many at a time, and printing what comes back.
#include "file_requests.hpp"

#include "commands.hpp"
#include "console.hpp"
#include "progress_line.hpp"

#include <asio/error.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

namespace mizzen::cli {
namespace {

// At a time, in files being sent; a larger file goes alone. Half of what a broker keeps waiting.
constexpr std::size_t most_octets = std::size_t{32} << 20;

class descriptor {
public:
    // Not to be held up by what is no file after all, such as a FIFO.
    explicit descriptor(const std::string& path)
        : number_{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)} {}
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor() {
        if (number_ != -1)
            ::close(number_);
    }
    [[nodiscard]] int number() const noexcept { return number_; }

private:
    int number_;
};

// Straight into the message, if the file keeps its size while it is read.
mizzen::message read_file(const std::string& path, std::error_code& ec) {
    const auto fail = [&ec](int why) {
        ec.assign(why, std::system_category());
        return mizzen::message{};
    };
    const descriptor file{path};
    struct stat info{};
    if (file.number() == -1 || ::fstat(file.number(), &info) != 0)
        return fail(errno);
    if (!S_ISREG(info.st_mode))
        return fail(S_ISDIR(info.st_mode) ? EISDIR : EINVAL);
    const auto size = static_cast<std::size_t>(info.st_size);
    mizzen::message m;
    std::byte* room = m.extend_back(size);
    if (room == nullptr)
        return fail(ENOMEM);
    for (std::size_t at = 0; at < size;) {
        const ssize_t got = ::read(file.number(), room + at, size - at);
        if (got == 0)
            return fail(EIO); // it became shorter
        if (got < 0 && errno != EINTR)
            return fail(errno);
        at += got < 0 ? 0 : static_cast<std::size_t>(got);
    }
    ec.clear();
    return m;
}

// As sha256sum writes it: a name that would break the line is escaped, and marked by a backslash
// in front of the line.
std::string checksum_line(std::string_view reply, std::string_view path) {
    std::string escaped;
    bool special = false;
    for (const char c : path) {
        const char* replacement = c == '\\'   ? "\\\\"
                                  : c == '\n' ? "\\n"
                                  : c == '\r' ? "\\r"
                                              : nullptr;
        special = special || replacement != nullptr;
        if (replacement != nullptr)
            escaped += replacement;
        else
            escaped += c;
    }
    while (reply.ends_with('\n'))
        reply.remove_suffix(1);
    std::string line{special ? "\\" : ""};
    return line.append(reply).append("  ").append(escaped);
}

class sender {
public:
    sender(asio::io_context& io, majordomo::client& client, const file_request_options& options,
           std::string_view list)
        : io_{io}, client_{client}, progress_{io, [this] { return progress(); }}, options_{options},
          rest_{list}, end_{list.find('\0') == std::string_view::npos ? '\n' : '\0'} {}

    void start() {
        if (options_.progress)
            progress_.show();
        send_more();
    }
    [[nodiscard]] bool good() const noexcept { return bad_ == 0 && !stopped_; }

private:
    std::optional<std::string> next_path() {
        while (!rest_.empty()) {
            const std::size_t at = rest_.find(end_);
            std::string path{rest_.substr(0, at)};
            rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at + 1);
            if (!path.empty())
                return path;
        }
        return std::nullopt;
    }

    // A message that was read and has to wait for its turn is kept.
    bool prepare_next() {
        while (!next_read_) {
            const auto path = next_path();
            if (!path)
                return false;
            std::error_code ec;
            next_path_ = *path;
            next_body_ = read_file(*path, ec);
            next_read_ = !ec;
            if (ec)
                complain(*path, ec.message());
        }
        return true;
    }

    void send_more() {
        while (!stopped_ && outstanding_ < options_.outstanding && prepare_next()) {
            const std::size_t size = next_body_.encoded_size();
            if (outstanding_ != 0 && octets_ + size > most_octets)
                return;
            next_read_ = false;
            ++outstanding_;
            octets_ += size;
            client_.async_request(
                options_.service, std::exchange(next_body_, {}),
                [this, size, path = next_path_](std::error_code ec, const mizzen::message& reply) {
                    --outstanding_;
                    octets_ -= size;
                    finish(path, ec, reply);
                    send_more();
                });
        }
        if (outstanding_ == 0)
            end();
    }

    void finish(const std::string& path, std::error_code ec, const mizzen::message& reply) {
        if (ec == asio::error::operation_aborted)
            stopped_ = true;
        else if (ec)
            complain(path, request_failure(options_.service, ec, reply));
        else if (!stopped_ && !print_line(checksum_line(reply.text(0), path)))
            stop("cannot write to stdout");
        else
            ++good_;
    }

    void complain(const std::string& path, const std::string& why) {
        ++bad_;
        log("request", path + ": " + why);
    }

    void stop(std::string_view why) {
        stopped_ = true;
        log("request", why);
        client_.stop();
    }

    void end() {
        io_.stop(); // signals are still waited for
        progress_.end();
    }

    [[nodiscard]] std::string progress() const {
        return std::to_string(good_) + " done, " + std::to_string(bad_) + " failed";
    }

    asio::io_context& io_;
    majordomo::client& client_;
    progress_line progress_;
    file_request_options options_;
    std::string_view rest_;
    char end_;
    std::string next_path_;
    mizzen::message next_body_;
    bool next_read_ = false; // `next_body_` is what `next_path_` holds
    std::size_t outstanding_ = 0;
    std::size_t octets_ = 0;
    std::size_t good_ = 0;
    std::size_t bad_ = 0;
    bool stopped_ = false;
};

} // namespace

std::string request_failure(std::string_view service, std::error_code ec,
                            const mizzen::message& reply) {
    std::string text{service};
    text.append(": ").append(ec == asio::error::operation_aborted ? "interrupted" : ec.message());
    if (!reply.empty() && !reply.front().empty())
        text.append(": ").append(reply.text(0));
    return text;
}

int request_files(asio::io_context& io, majordomo::client& client,
                  const file_request_options& options, std::string_view list) {
    sender files{io, client, options, list};
    files.start();
    io.run();
    return files.good() ? done : failed;
}

} // namespace mizzen::cli
