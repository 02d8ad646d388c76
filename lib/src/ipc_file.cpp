// The files of ipc listeners.
#include "ipc_file.hpp"

#include <asio/error.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace mizzen::detail {
namespace {

// Whether the path is a socket's that nobody listens on any more.
bool left_behind(const std::string& path) {
    struct stat file{};
    if (::lstat(path.c_str(), &file) != 0 || !S_ISSOCK(file.st_mode))
        return false;
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (probe < 0)
        return false;
    const stream_protocol::endpoint address = ipc_address(path);
    const bool refused =
        ::connect(probe, address.data(), static_cast<socklen_t>(address.size())) != 0 &&
        errno == ECONNREFUSED;
    ::close(probe);
    return refused;
}

std::string directory_for_temporary_files() {
    for (const char* name : {"TMPDIR", "TEMPDIR", "TMP"}) {
        struct stat file{};
        const char* const value = std::getenv(name);
        if (value != nullptr && ::stat(value, &file) == 0 && S_ISDIR(file.st_mode))
            return value;
    }
    return "/tmp";
}

} // namespace

std::string ipc_file::choose(const std::string& name, std::error_code& ec) {
    if (!name.empty())
        return name;
    std::string directory = directory_for_temporary_files() + "/mizzen-XXXXXX";
    if (::mkdtemp(directory.data()) == nullptr) {
        ec.assign(errno, std::system_category());
        return {};
    }
    owner_ = ::getpid();
    made_directory_ = std::move(directory);
    return made_directory_ + "/socket";
}

void ipc_file::bind(stream_acceptor& acceptor, const std::string& path, std::error_code& ec) {
    const stream_protocol::endpoint address = ipc_address(path);
    const bool is_file = !path.starts_with('@');
    acceptor.bind(address, ec);
    if (ec == asio::error::address_in_use && is_file && left_behind(path)) {
        ::unlink(path.c_str());
        acceptor.bind(address, ec);
    }
    struct stat file{};
    if (ec || !is_file || ::lstat(path.c_str(), &file) != 0)
        return;
    path_ = path;
    device_ = file.st_dev;
    inode_ = file.st_ino;
    owner_ = ::getpid();
}

void ipc_file::remove() noexcept {
    if (owner_ != ::getpid())
        return;
    struct stat file{};
    if (!path_.empty() && ::lstat(path_.c_str(), &file) == 0 && file.st_dev == device_ &&
        file.st_ino == inode_)
        ::unlink(path_.c_str());
    if (!made_directory_.empty())
        ::rmdir(made_directory_.c_str());
    owner_ = 0;
}

} // namespace mizzen::detail
