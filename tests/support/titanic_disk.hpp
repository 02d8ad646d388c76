// A disk that can fail, fill up, lose power and tear what was being written.
#pragma once

#include <mizzen/patterns/common/random.hpp>
#include <mizzen/patterns/titanic/error.hpp>
#include <mizzen/patterns/titanic/files.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace mizzen::titanic::test {

using bytes = std::vector<std::byte>;

/// What a loss of power leaves of what was not synced.
enum class loss : std::uint8_t {
    all,    ///< Nothing.
    none,   ///< Everything, for now: the process died, and the system did not.
    random, ///< Any names; any sectors of any write, the last one of each torn anywhere.
};

/// One folder. What was not synced is known apart from what was.
class pretended_disk {
public:
    static constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

    struct write {
        std::uint64_t at = 0;
        bytes data;
    };
    struct inode {
        bytes now;
        bytes synced;
        std::vector<write> unsynced;
    };
    using names = std::map<std::string, std::shared_ptr<inode>>;

    std::size_t operations = 0;
    std::size_t writes = 0;
    std::size_t syncs = 0;          ///< Of files.
    std::size_t power_ends = never; ///< The operation from which on all fail.
    std::size_t tear = never;       ///< Octets of a write at that operation that are still written.
    std::size_t fail_at = never;    ///< The operation that fails, once.
    std::size_t fail_from = never;  ///< Operations from here on fail.
    std::size_t fail_until = never;
    std::error_code failure = std::make_error_code(std::errc::io_error);
    std::uint64_t room = never; ///< Octets of all files.
    std::size_t largest_write = never;
    bool keeps_files = false; ///< Nothing can be removed.
    names files;

    /// The process is gone, and what its system had not synced may be, too.
    void crash(loss how, std::uint64_t seed) {
        patterns::random_numbers random{seed};
        if (how != loss::none) {
            lose_names(how, random);
            for (auto& [name, each] : files)
                lose_writes(*each, how, random);
            write_back();
        }
        locked = false;
        ++epoch;
        power_ends = tear = fail_at = fail_from = fail_until = never;
        room = never;
        operations = 0;
    }

    /// Everything is on the disk, without anybody's sync.
    void write_back() {
        sync_names();
        for (auto& [name, each] : files) {
            each->synced = each->now;
            each->unsynced.clear();
        }
    }

    /// To be changed, and then written back.
    [[nodiscard]] bytes& contents(const std::string& name) { return files.at(name)->now; }
    [[nodiscard]] std::uint64_t used() const {
        std::uint64_t sum = 0;
        for (const auto& [name, each] : files)
            sum += each->now.size();
        return sum;
    }

    // --- For its handles ---

    bool locked = false;
    std::uint64_t epoch = 0;

    /// True if the operation takes place.
    bool begin(std::uint64_t handle_epoch, std::error_code& ec) {
        const std::size_t number = operations++;
        ec.clear();
        if (handle_epoch != epoch || number >= power_ends)
            ec = std::make_error_code(std::errc::io_error);
        else if (number == fail_at || (number >= fail_from && number < fail_until))
            ec = failure;
        return !ec;
    }
    [[nodiscard]] bool tears() const { return operations == power_ends + 1 && tear != never; }

    void change(const std::string& from, const std::string& to, std::shared_ptr<inode> made) {
        apply(files, {from, to, made});
        changes_.push_back({from, to, std::move(made)});
    }
    void sync_names() {
        synced_names_ = files;
        changes_.clear();
    }

private:
    struct name_change {
        std::string from; ///< Empty: a new file.
        std::string to;   ///< Empty: it is removed.
        std::shared_ptr<inode> made;
    };

    static void apply(names& to, const name_change& what) {
        if (what.from.empty()) {
            to[what.to] = what.made;
        } else if (const auto found = to.find(what.from); found != to.end()) {
            const std::shared_ptr<inode> moved = found->second;
            to.erase(found);
            if (!what.to.empty())
                to[what.to] = moved;
        }
    }
    void lose_names(loss how, patterns::random_numbers& random) {
        files = synced_names_;
        if (how == loss::random)
            for (const name_change& each : changes_)
                if (random.next() % 2 == 0)
                    apply(files, each);
    }
    static void put(bytes& to, std::uint64_t at, std::span<const std::byte> data) {
        to.resize(std::max<std::size_t>(to.size(), at + data.size()));
        std::copy(data.begin(), data.end(), to.begin() + static_cast<std::ptrdiff_t>(at));
    }
    static void lose_writes(inode& of, loss how, patterns::random_numbers& random) {
        if (how == loss::random) {
            if (random.next() % 2 == 0)
                of.synced.resize(std::max(of.synced.size(), of.now.size()));
            for (const write& each : of.unsynced)
                lose_parts(of, each, random);
        }
        of.now = of.synced;
    }
    static void lose_parts(inode& of, const write& each, patterns::random_numbers& random) {
        const std::uint64_t keeps = random.next() % 4; // of four sectors
        for (std::size_t at = 0; at < each.data.size();) {
            std::size_t size =
                std::min<std::size_t>(512 - (each.at + at) % 512, each.data.size() - at);
            const std::size_t whole = size;
            if (random.next() % 8 == 0)
                size = random.next() % (size + 1);
            if (random.next() % 4 <= keeps)
                put(of.synced, each.at + at, std::span{each.data}.subspan(at, size));
            at += whole;
        }
    }

    names synced_names_;
    std::vector<name_change> changes_;
};

class pretended_file final : public file {
public:
    pretended_file(pretended_disk& on, std::shared_ptr<pretended_disk::inode> of)
        : disk_{on}, epoch_{on.epoch}, inode_{std::move(of)} {}

    std::size_t read_some(std::uint64_t at, std::span<std::byte> into,
                          std::error_code& ec) noexcept override {
        if (!disk_.begin(epoch_, ec) || at >= inode_->now.size())
            return 0;
        const std::size_t size = std::min<std::size_t>(into.size(), inode_->now.size() - at);
        std::copy_n(inode_->now.begin() + static_cast<std::ptrdiff_t>(at), size, into.begin());
        return size;
    }
    std::size_t write_some(std::uint64_t at, octets from, std::error_code& ec) noexcept override {
        const bool goes = disk_.begin(epoch_, ec);
        ++disk_.writes;
        from = from.first(std::min(from.size(), disk_.largest_write));
        if (!goes && !disk_.tears())
            return 0;
        if (!goes)
            from = from.first(std::min(from.size(), disk_.tear));
        bytes& now = inode_->now;
        if (at + from.size() > now.size()) {
            if (disk_.used() + at + from.size() - now.size() > disk_.room) {
                ec = std::make_error_code(std::errc::no_space_on_device);
                return 0;
            }
            now.resize(at + from.size());
        }
        std::copy(from.begin(), from.end(), now.begin() + static_cast<std::ptrdiff_t>(at));
        inode_->unsynced.push_back({at, bytes{from.begin(), from.end()}});
        return goes ? from.size() : 0;
    }
    void sync(std::error_code& ec) noexcept override {
        if (!disk_.begin(epoch_, ec))
            return;
        ++disk_.syncs;
        inode_->synced = inode_->now;
        inode_->unsynced.clear();
    }
    void preallocate(std::uint64_t size, std::error_code& ec) noexcept override {
        if (!disk_.begin(epoch_, ec))
            return;
        bytes& now = inode_->now;
        if (size > now.size() && disk_.used() + size - now.size() > disk_.room)
            ec = std::make_error_code(std::errc::no_space_on_device);
        else
            now.resize(std::max<std::size_t>(now.size(), size));
    }
    std::uint64_t size(std::error_code& ec) noexcept override {
        return disk_.begin(epoch_, ec) ? inode_->now.size() : 0;
    }

private:
    pretended_disk& disk_;
    std::uint64_t epoch_;
    std::shared_ptr<pretended_disk::inode> inode_;
};

/// One process's view of the disk.
class pretended_directory final : public directory {
public:
    explicit pretended_directory(pretended_disk& on) : disk_{on}, epoch_{on.epoch} {}
    ~pretended_directory() override {
        if (holds_ && epoch_ == disk_.epoch)
            disk_.locked = false;
    }

    void lock(std::error_code& ec) override {
        ec.clear();
        if (disk_.locked)
            ec = make_error_code(errc::locked);
        else
            disk_.locked = holds_ = true;
    }
    std::shared_ptr<file> open(const std::string& name, open_for use,
                               std::error_code& ec) override {
        if (!disk_.begin(epoch_, ec))
            return nullptr;
        const auto found = disk_.files.find(name);
        const bool there = found != disk_.files.end();
        if (use == open_for::creating) {
            if (there)
                ec = std::make_error_code(std::errc::file_exists);
            else
                disk_.change({}, name, std::make_shared<pretended_disk::inode>());
        } else if (!there) {
            ec = std::make_error_code(std::errc::no_such_file_or_directory);
        }
        return ec ? nullptr : std::make_shared<pretended_file>(disk_, disk_.files.at(name));
    }
    void rename(const std::string& from, const std::string& to, std::error_code& ec) override {
        change(from, to, ec);
    }
    void remove(const std::string& name, std::error_code& ec) override {
        if (disk_.keeps_files)
            ec = std::make_error_code(std::errc::permission_denied);
        else
            change(name, {}, ec);
    }
    std::vector<std::string> list(std::error_code& ec) override {
        std::vector<std::string> names;
        if (disk_.begin(epoch_, ec))
            for (const auto& [name, each] : disk_.files)
                names.push_back(name);
        return names;
    }
    void sync(std::error_code& ec) noexcept override {
        if (disk_.begin(epoch_, ec))
            disk_.sync_names();
    }

private:
    void change(const std::string& from, const std::string& to, std::error_code& ec) {
        if (!disk_.begin(epoch_, ec))
            return;
        if (disk_.files.contains(from))
            disk_.change(from, to, nullptr);
        else
            ec = std::make_error_code(std::errc::no_such_file_or_directory);
    }

    pretended_disk& disk_;
    std::uint64_t epoch_;
    bool holds_ = false;
};

} // namespace mizzen::titanic::test
