// What a journal needs of a file system, and nothing else: so that tests can pretend one.
#pragma once

#include <mizzen/zmtp/octets.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <vector>

namespace mizzen::titanic {

using zmtp::octets;

/// One open file; closed by its destruction. Reads may come from one thread while another one
/// writes elsewhere in it. Each function clears or sets `ec`.
class file {
public:
    file() = default;
    file(const file&) = delete;
    file& operator=(const file&) = delete;
    virtual ~file() = default;

    /// How many octets were read; 0 at the end of the file, or with an error.
    [[nodiscard]] virtual std::size_t read_some(std::uint64_t at, std::span<std::byte> into,
                                                std::error_code& ec) noexcept = 0;
    /// How many octets were written, at least one unless there is an error.
    [[nodiscard]] virtual std::size_t write_some(std::uint64_t at, octets from,
                                                 std::error_code& ec) noexcept = 0;
    /// Returns when all that was written is on the disk, as fdatasync does.
    virtual void sync(std::error_code& ec) noexcept = 0;
    /// Makes the file that large, of zeros, with its room on the disk set aside. What it holds
    /// stays.
    virtual void preallocate(std::uint64_t size, std::error_code& ec) noexcept = 0;
    [[nodiscard]] virtual std::uint64_t size(std::error_code& ec) noexcept = 0;
};

enum class open_for : std::uint8_t {
    reading,
    writing,  ///< A file that is there, to read and write.
    creating, ///< One that is not there yet.
};

/// One folder of files, without further folders.
class directory {
public:
    directory() = default;
    directory(const directory&) = delete;
    directory& operator=(const directory&) = delete;
    virtual ~directory() = default;

    /// Takes the folder for this object alone, until it is destroyed. errc::locked if another has.
    virtual void lock(std::error_code& ec) = 0;
    [[nodiscard]] virtual std::shared_ptr<file> open(const std::string& name, open_for use,
                                                     std::error_code& ec) = 0;
    /// Takes the place of what has the name `to`.
    virtual void rename(const std::string& from, const std::string& to, std::error_code& ec) = 0;
    virtual void remove(const std::string& name, std::error_code& ec) = 0;
    [[nodiscard]] virtual std::vector<std::string> list(std::error_code& ec) = 0;
    /// Returns when names are on the disk as they are now.
    virtual void sync(std::error_code& ec) noexcept = 0;
};

/// Writes all of it, in as many pieces as it takes.
void write_all(file& to, std::uint64_t at, octets from, std::error_code& ec) noexcept;
/// Fills `into`; returns how much of it there was before the end of the file.
[[nodiscard]] std::size_t read_all(file& from, std::uint64_t at, std::span<std::byte> into,
                                   std::error_code& ec) noexcept;

/// The folder `path` of this machine, which is made if it is not there and `make` says so.
[[nodiscard]] std::unique_ptr<directory> open_directory(const std::string& path, bool make,
                                                        std::error_code& ec);

} // namespace mizzen::titanic
