// A folder of a POSIX system.
#include <mizzen/patterns/titanic/error.hpp>
#include <mizzen/patterns/titanic/files.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

namespace mizzen::titanic {
namespace {

std::error_code last_error() noexcept { return {errno, std::system_category()}; }

/// Calls again what a signal has interrupted.
template <class Call> auto retried(Call call) noexcept {
    auto result = call();
    while (result == -1 && errno == EINTR)
        result = call();
    return result;
}

template <class Result> bool went_well(Result result, std::error_code& ec) noexcept {
    ec = result == -1 ? last_error() : std::error_code{};
    return result != -1;
}

class descriptor {
public:
    explicit descriptor(int number) noexcept : number_{number} {}
    descriptor(descriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
    descriptor& operator=(descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
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

class posix_file final : public file {
public:
    explicit posix_file(descriptor&& opened) noexcept : opened_{std::move(opened)} {}

    std::size_t read_some(std::uint64_t at, std::span<std::byte> into,
                          std::error_code& ec) noexcept override {
        const auto read = retried([&] {
            return ::pread(opened_.number(), into.data(), into.size(), static_cast<off_t>(at));
        });
        return went_well(read, ec) ? static_cast<std::size_t>(read) : 0;
    }
    std::size_t write_some(std::uint64_t at, octets from, std::error_code& ec) noexcept override {
        const auto written = retried([&] {
            return ::pwrite(opened_.number(), from.data(), from.size(), static_cast<off_t>(at));
        });
        return went_well(written, ec) ? static_cast<std::size_t>(written) : 0;
    }
    // Called again after a signal alone. A sync that failed has lost what it failed for, and the
    // next one would answer that all is well.
    void sync(std::error_code& ec) noexcept override {
        went_well(retried([&] { return ::fdatasync(opened_.number()); }), ec);
    }
    void preallocate(std::uint64_t size, std::error_code& ec) noexcept override {
        int error = EINTR;
        while (error == EINTR)
            error = ::posix_fallocate(opened_.number(), 0, static_cast<off_t>(size));
        ec = error == 0 ? std::error_code{} : std::error_code{error, std::system_category()};
    }
    std::uint64_t size(std::error_code& ec) noexcept override {
        struct stat about{};
        return went_well(::fstat(opened_.number(), &about), ec)
                   ? static_cast<std::uint64_t>(about.st_size)
                   : 0;
    }

private:
    descriptor opened_;
};

class posix_directory final : public directory {
public:
    explicit posix_directory(descriptor&& opened) noexcept : opened_{std::move(opened)} {}

    void lock(std::error_code& ec) override {
        const int flags = O_RDWR | O_CREAT | O_CLOEXEC;
        descriptor held{retried([&] { return ::openat(opened_.number(), "lock", flags, 0600); })};
        if (!went_well(held.number(), ec))
            return;
        // Of the open file, not of the process: it also keeps two stores of one process apart.
        const int result = retried([&] { return ::flock(held.number(), LOCK_EX | LOCK_NB); });
        if (!went_well(result, ec)) {
            if (ec == std::errc::operation_would_block)
                ec = make_error_code(errc::locked);
            return;
        }
        lock_ = std::move(held);
    }

    std::shared_ptr<file> open(const std::string& name, open_for use,
                               std::error_code& ec) override {
        int flags = O_CLOEXEC | O_NOFOLLOW;
        switch (use) {
        case open_for::reading: flags |= O_RDONLY; break;
        case open_for::writing: flags |= O_RDWR; break;
        case open_for::creating: flags |= O_RDWR | O_CREAT | O_EXCL; break;
        }
        descriptor opened{
            retried([&] { return ::openat(opened_.number(), name.c_str(), flags, 0600); })};
        if (!went_well(opened.number(), ec))
            return nullptr;
        return std::make_shared<posix_file>(std::move(opened));
    }
    void rename(const std::string& from, const std::string& to, std::error_code& ec) override {
        went_well(::renameat(opened_.number(), from.c_str(), opened_.number(), to.c_str()), ec);
    }
    void remove(const std::string& name, std::error_code& ec) override {
        went_well(::unlinkat(opened_.number(), name.c_str(), 0), ec);
    }
    std::vector<std::string> list(std::error_code& ec) override {
        std::vector<std::string> names;
        // A descriptor of its own: readdir moves the position that goes with it.
        const int number = retried(
            [&] { return ::openat(opened_.number(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
        if (!went_well(number, ec))
            return names;
        DIR* const entries = ::fdopendir(number);
        if (entries == nullptr) {
            ec = last_error();
            ::close(number);
            return names;
        }
        for (;;) {
            errno = 0;
            const dirent* const each = ::readdir(entries); // nobody else has `entries`
            if (each == nullptr)
                break;
            const std::string name{static_cast<const char*>(each->d_name)};
            if (name != "." && name != "..")
                names.push_back(name);
        }
        if (errno != 0)
            ec = last_error();
        ::closedir(entries);
        std::ranges::sort(names);
        return names;
    }
    void sync(std::error_code& ec) noexcept override {
        went_well(retried([&] { return ::fsync(opened_.number()); }), ec);
    }

private:
    descriptor opened_;
    descriptor lock_{-1};
};

/// Makes the folder, and syncs the one that it is in.
void make_folder(const std::string& path, std::error_code& ec) {
    if (!went_well(::mkdir(path.c_str(), 0700), ec)) {
        if (ec == std::errc::file_exists)
            ec.clear();
        return;
    }
    std::string parent = path;
    while (parent.size() > 1 && parent.back() == '/')
        parent.pop_back();
    const std::size_t slash = parent.rfind('/');
    parent = slash == std::string::npos ? "." : parent.substr(0, std::max<std::size_t>(slash, 1));
    const descriptor opened{
        retried([&] { return ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); })};
    if (went_well(opened.number(), ec))
        went_well(retried([&] { return ::fsync(opened.number()); }), ec);
}

} // namespace

std::unique_ptr<directory> open_directory(const std::string& path, bool make, std::error_code& ec) {
    ec.clear();
    if (make)
        make_folder(path, ec);
    if (ec)
        return nullptr;
    descriptor opened{
        retried([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); })};
    if (!went_well(opened.number(), ec))
        return nullptr;
    return std::make_unique<posix_directory>(std::move(opened));
}

} // namespace mizzen::titanic
