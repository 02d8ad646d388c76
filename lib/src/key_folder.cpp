// A folder of public keys, as it is read and watched.
#include "folder_watch.hpp"
#include <mizzen/curve_certificate.hpp>
#include <mizzen/error.hpp>
#include <mizzen/key_folder.hpp>

#include <asio/post.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace mizzen {
namespace {

namespace fs = std::filesystem;

// The octets of a public key.
using key_text = std::string;

struct owner {
    std::string user_id;
    std::vector<peer_property> metadata;
};

// What was read of one file, and how it was then.
struct known_file {
    struct stat seen{};
    bool settled = false; // it had not been changed for a while
    std::error_code wrong;
    key_text key;
    owner of;
};

bool same_time(const timespec& a, const timespec& b) {
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}
bool unchanged(const struct stat& a, const struct stat& b) {
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
           same_time(a.st_mtim, b.st_mtim) && same_time(a.st_ctim, b.st_ctim);
}

// Two changes at the same tick of the file system's clock look like one.
bool settled(const struct stat& file) {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec - file.st_ctim.tv_sec > 1;
}

bool is_key_file(const std::string& name) {
    return !name.starts_with('.') && !name.ends_with("_secret");
}

known_file read_key(const fs::path& path, const struct stat& seen) {
    known_file file;
    file.seen = seen;
    file.settled = settled(seen);
    curve_certificate certificate = load_curve_certificate(path, file.wrong);
    if (file.wrong)
        return file;
    file.key = as_text(certificate.public_key.octets);
    for (auto& [name, value] : certificate.metadata) {
        if (name == "user-id")
            file.of.user_id = value;
        file.of.metadata.push_back({std::move(name), std::move(value)});
    }
    return file;
}

} // namespace

class key_folder::watched_folder : public std::enable_shared_from_this<watched_folder> {
public:
    watched_folder(asio::any_io_executor executor, const fs::path& folder, report_handler reported)
        : path_{absolute(folder)}, watch_{std::move(executor)}, reported_{std::move(reported)} {}

    // The first reading. `changed` is called whenever a key has gone.
    void start(std::function<void()> changed) {
        changed_ = std::move(changed);
        std::error_code ec;
        watch_.open(path_, ec);
        if (!ec) {
            static_cast<void>(read());
            ec = report_.folder;
        }
        if (ec)
            throw std::system_error(ec, path_.string());
        wait();
    }
    // On any thread; nothing is called afterwards.
    void stop() noexcept {
        {
            const std::lock_guard lock{mutex_};
            changed_ = nullptr;
            reported_ = nullptr;
        }
        try {
            asio::post(watch_.executor(), [self = shared_from_this()] { self->watch_.close(); });
        } catch (...) { // no memory: it stays until its context goes
            return;
        }
    }
    key_folder_report report() const {
        const std::lock_guard lock{mutex_};
        return report_;
    }
    bool knows(const key_text& key) const {
        const std::lock_guard lock{mutex_};
        return owners_.contains(key);
    }
    std::optional<owner> find(const key_text& key) const {
        const std::lock_guard lock{mutex_};
        const auto found = owners_.find(key);
        return found == owners_.end() ? std::nullopt : std::optional{found->second};
    }

private:
    static fs::path absolute(const fs::path& folder) {
        fs::path whole = fs::absolute(folder).lexically_normal();
        return whole.has_filename() ? whole : whole.parent_path(); // without a slash behind it
    }
    void wait() {
        watch_.async_wait([self = shared_from_this()](std::error_code ec) {
            if (!ec)
                self->look_again();
        });
    }
    void look_again() {
        std::error_code ec;
        if (watch_.take(ec) == detail::folder_watch::news::none)
            return wait();
        const bool gone = read_or_forget(ec);
        wait();
        report_handler reported;
        {
            const std::lock_guard lock{mutex_};
            if (gone && changed_)
                changed_();
            reported = reported_;
        }
        if (reported)
            reported(report());
    }

    bool read_or_forget(std::error_code blind) {
        try {
            return read(blind);
        } catch (...) { // no memory: nobody comes by what is no longer known to be right
            files_.clear();
            const std::lock_guard lock{mutex_};
            const bool any = !owners_.empty();
            owners_.clear();
            report_ = {};
            report_.folder = std::make_error_code(std::errc::not_enough_memory);
            return any;
        }
    }

    // Whether a key has gone that was there. `blind` is why the folder is not watched, if so.
    bool read(std::error_code blind = {}) {
        std::map<std::string, known_file> files;
        key_folder_report report;
        report.folder = blind;
        if (!blind)
            read_files(files, report);
        std::unordered_map<key_text, owner> owners;
        for (const auto& [name, file] : files) {
            if (!file.wrong)
                owners.try_emplace(file.key, file.of);
            else
                note(report, path_ / name, file.wrong);
        }
        report.keys = owners.size();
        files_ = std::move(files);
        const std::lock_guard lock{mutex_};
        bool gone = false;
        for (const auto& [key, was] : owners_)
            gone = gone || !owners.contains(key);
        owners_ = std::move(owners);
        report_ = std::move(report);
        return gone;
    }

    void read_files(std::map<std::string, known_file>& files, key_folder_report& report) {
        fs::directory_iterator at{path_, report.folder};
        for (; !report.folder && at != fs::directory_iterator{}; at.increment(report.folder)) {
            const std::string name = at->path().filename().string();
            struct stat seen{};
            if (!is_key_file(name))
                continue;
            if (::stat(at->path().c_str(), &seen) != 0) {
                if (errno != ENOENT) // gone meanwhile, or a link to nothing
                    note(report, at->path(), {errno, std::generic_category()});
                continue;
            }
            if (!S_ISREG(seen.st_mode))
                continue;
            if (files.size() == most_files) {
                note(report, at->path(), std::make_error_code(std::errc::file_too_large));
                continue;
            }
            const auto before = files_.find(name);
            const bool known = before != files_.end() && before->second.settled &&
                               unchanged(before->second.seen, seen);
            files.emplace(name, known ? std::move(before->second) : read_key(at->path(), seen));
        }
        if (report.folder)
            files.clear();
    }

    static void note(key_folder_report& report, const fs::path& path, std::error_code wrong) {
        ++report.skipped;
        if (report.problems.size() < most_problems)
            report.problems.emplace_back(path, wrong);
    }

    fs::path path_;
    detail::folder_watch watch_;
    std::map<std::string, known_file> files_; // by name
    mutable std::mutex mutex_;                // for what follows
    std::function<void()> changed_;
    report_handler reported_;
    std::unordered_map<key_text, owner> owners_;
    key_folder_report report_;
};

key_folder::key_folder(asio::any_io_executor executor, const fs::path& folder,
                       report_handler reported)
    : folder_{std::make_shared<watched_folder>(std::move(executor), folder, std::move(reported))} {
    folder_->start([this] { rules_changed(); });
}

key_folder::~key_folder() { folder_->stop(); }

key_folder_report key_folder::report() const { return folder_->report(); }

void key_folder::authenticate(const authentication_request& request, answer_handler done) {
    if (request.mechanism != "CURVE" || request.credentials.empty())
        return done({.reason = "the folder of keys knows peers by CURVE alone"});
    auto found = folder_->find(request.credentials[0]);
    if (!found)
        return done({.reason = "no file in the folder of keys has the peer's"});
    done({.verdict = zmtp::verdict::accepted,
          .user_id = std::move(found->user_id),
          .metadata = std::move(found->metadata)});
}

bool key_folder::may_stay(const authentication_request& request, std::string& reason) const {
    if (!request.credentials.empty() && folder_->knows(request.credentials[0]))
        return true;
    reason = "the peer's key has gone from the folder of keys";
    return false;
}

} // namespace mizzen
