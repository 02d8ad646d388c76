// SHA-256 of a message, in slices between which the loop has its turn.
#pragma once

#include <mizzen/message.hpp>

#include <asio/any_io_executor.hpp>

#include <functional>
#include <string>

namespace mizzen::cli {

/// Whether this build has OpenSSL; without it sha256 always fails.
[[nodiscard]] bool has_sha256() noexcept;

/// Calls `done` with the digest of the parts, joined, in hex; with nothing if it cannot be had.
void sha256(const asio::any_io_executor& executor, mizzen::message input,
            std::function<void(std::string)> done);

} // namespace mizzen::cli
