// One request for each of many files.
#pragma once

#include <mizzen/message.hpp>
#include <mizzen/patterns/majordomo/client.hpp>

#include <asio/io_context.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

namespace mizzen::cli {

/// Why a request failed, in words for people; with a worker's own words where there are some.
std::string request_failure(std::string_view service, std::error_code ec,
                            const mizzen::message& reply);

struct file_request_options {
    std::string service;
    std::size_t outstanding = 64;
    bool progress = false;
};

/// Sends the files of `list`, whose paths end with newlines or, if it has any, with NULs. Prints
/// `REPLY  PATH` for each as its reply comes. Gives the exit status: done if none failed.
int request_files(asio::io_context& io, majordomo::client& client,
                  const file_request_options& options, std::string_view list);

} // namespace mizzen::cli
