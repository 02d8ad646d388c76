// What can go wrong with a Titanic store, and with what is asked of a Titanic.
#pragma once

#include <system_error>

namespace mizzen::titanic {

enum class errc {
    busy = 1,        ///< As much waits as one commit may hold: end it, then ask again.
    store_full,      ///< As many requests, or octets, as the store may hold.
    no_space,        ///< The disk has no room for another segment.
    read_only,       ///< The store was damaged, or was opened to look at it.
    failed,          ///< A write or a sync has failed: the store takes nothing any more.
    too_large,       ///< A request or a reply is larger than the limit.
    unknown_request, ///< No request has this id.
    already_stored,  ///< The very same request is there, under the same id.
    id_in_use,       ///< Another request is there, under the same id.
    wrong_state,     ///< The request is not in the state that this is for.
    not_yet_stored,  ///< What is asked for is not committed yet.
    damaged,         ///< What was read is not what was written.
    not_repairable,  ///< The damage leaves no room to mark it.
    locked,          ///< Another process has the store open.
    unknown_version, ///< A segment is of a version that this program does not know.
    bad_options,     ///< Misuse: limits that contradict each other.
    bad_service,     ///< Misuse: a service's name is empty, or longer than 255 octets.
    pending,         ///< The request was not answered yet.
    refused,         ///< Titanic does not take the request; the message says why, if it does.
    server_failed,   ///< Titanic cannot do this now; the message says why, if it does.
    no_titanic,      ///< The broker knows no Titanic.
    bad_answer,      ///< What answered is no Titanic.
};

[[nodiscard]] const std::error_category& error_category() noexcept;
[[nodiscard]] std::error_code make_error_code(errc code) noexcept;

} // namespace mizzen::titanic

template <> struct std::is_error_code_enum<mizzen::titanic::errc> : std::true_type {};
