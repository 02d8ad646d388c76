// The file of an ipc listener.
#pragma once

#include "stream.hpp"

#include <sys/types.h>

#include <string>
#include <system_error>

namespace mizzen::detail {

/// It goes with the listener, and so does its directory if that was made for it.
class ipc_file {
public:
    ipc_file() = default;
    ipc_file(const ipc_file&) = delete;
    ipc_file& operator=(const ipc_file&) = delete;
    ~ipc_file() { remove(); }

    /// Finds a path in the directory for temporary files if `name` is empty.
    [[nodiscard]] std::string choose(const std::string& name, std::error_code& ec);
    /// Binds, over a file that a listener has left behind if need be.
    void bind(stream_acceptor& acceptor, const std::string& path, std::error_code& ec);
    /// Takes the file away, unless it is another's by now, or this process a child that was forked.
    void remove() noexcept;

private:
    std::string path_;
    std::string made_directory_;
    dev_t device_ = 0;
    ino_t inode_ = 0;
    pid_t owner_ = 0;
};

} // namespace mizzen::detail
