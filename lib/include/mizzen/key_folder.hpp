// Who may come by CURVE: a folder of public keys.
#pragma once

#include <mizzen/authentication.hpp>

#include <asio/any_io_executor.hpp>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace mizzen {

/// What was found in a folder of keys.
struct key_folder_report {
    std::error_code folder; ///< Why it could not be read at all; then nobody may come.
    std::size_t keys = 0;
    std::size_t skipped = 0; ///< Files that are no certificates, or too many.
    /// The first of them, and why: malformed_certificate, file_too_large (of the folder), or what
    /// the system says.
    std::vector<std::pair<std::filesystem::path, std::error_code>> problems;
};

/// Lets in whose public key is in one of a folder's files, in CZMQ's format
/// (curve_certificate.hpp), as CZMQ's zauth does: the files of the folder itself, without those
/// whose names end in _secret or begin with a dot. Peers by other mechanisms are refused.
///
/// peer_identity::user_id is the certificate's metadata "user-id", or else the key as Z85;
/// peer_info::properties has all of its metadata.
///
/// The folder is watched (inotify): a key that is added may come from then on; one that is removed
/// may not, and its living connections are cut (errc::revoked). A file that is replaced is best
/// replaced whole, by a rename; what is read half written is skipped, and its key gone meanwhile.
/// The folder may go and come again. What the system does not tell of is not seen before the next
/// change that it does: changes by other machines (NFS), and of a file behind a symbolic link.
///
/// Limits     16384 files of 64 KiB; what is more is skipped and reported.
/// Threads    May serve sockets of any executors. Files are read on its own one, which holds it up.
/// Lifetime   Of the executor: outlives it.
class key_folder final : public authenticator {
public:
    using report_handler = std::function<void(const key_folder_report&)>;

    static constexpr std::size_t most_files = 16 * 1024;
    static constexpr std::size_t most_problems = 64; ///< In a report.

    /// Reads the folder at once. `reported` is called on the executor whenever it was read again.
    /// Throws std::system_error when the folder cannot be read or watched.
    key_folder(asio::any_io_executor executor, const std::filesystem::path& folder,
               report_handler reported = {});
    ~key_folder() override;

    /// Of the last reading. On any thread.
    [[nodiscard]] key_folder_report report() const;

    void authenticate(const authentication_request& request, answer_handler done) override;
    [[nodiscard]] bool may_stay(const authentication_request& request,
                                std::string& reason) const override;

private:
    class watched_folder;
    std::shared_ptr<watched_folder> folder_;
};

} // namespace mizzen
