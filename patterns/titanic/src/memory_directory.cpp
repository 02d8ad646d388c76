// Files in memory.
#include <mizzen/patterns/titanic/error.hpp>
#include <mizzen/patterns/titanic/memory_directory.hpp>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <utility>

namespace mizzen::titanic {
namespace {

/// What was never written reads as zeros, and takes no memory.
class memory_file final : public file {
public:
    std::size_t read_some(std::uint64_t at, std::span<std::byte> into,
                          std::error_code& ec) noexcept override {
        ec.clear();
        const std::lock_guard hold{mutex_};
        if (at >= size_)
            return 0;
        const std::size_t count = step(at, std::min<std::uint64_t>(into.size(), size_ - at));
        const std::byte* const from = chunk_at(at);
        if (from == nullptr)
            std::memset(into.data(), 0, count);
        else
            std::memcpy(into.data(), from, count);
        return count;
    }
    std::size_t write_some(std::uint64_t at, octets from, std::error_code& ec) noexcept override {
        ec.clear();
        const std::size_t count = step(at, from.size());
        try {
            const std::lock_guard hold{mutex_};
            grow(std::max(size_, at + count));
            auto& chunk = chunks_[static_cast<std::size_t>(at / chunk_octets)];
            if (!chunk)
                chunk = std::make_unique<std::byte[]>(chunk_octets);
            std::memcpy(chunk.get() + at % chunk_octets, from.data(), count);
        } catch (const std::bad_alloc&) {
            ec = std::make_error_code(std::errc::no_space_on_device);
            return 0;
        }
        return count;
    }
    void sync(std::error_code& ec) noexcept override { ec.clear(); }
    void preallocate(std::uint64_t size, std::error_code& ec) noexcept override {
        ec.clear();
        try {
            const std::lock_guard hold{mutex_};
            grow(std::max(size_, size));
        } catch (const std::bad_alloc&) {
            ec = std::make_error_code(std::errc::no_space_on_device);
        }
    }
    std::uint64_t size(std::error_code& ec) noexcept override {
        ec.clear();
        const std::lock_guard hold{mutex_};
        return size_;
    }

private:
    static constexpr std::size_t chunk_octets = 64 << 10;

    /// As much of `wanted` as lies in the same chunk.
    static std::size_t step(std::uint64_t at, std::uint64_t wanted) noexcept {
        return static_cast<std::size_t>(std::min(wanted, chunk_octets - at % chunk_octets));
    }
    void grow(std::uint64_t size) {
        chunks_.resize(static_cast<std::size_t>((size + chunk_octets - 1) / chunk_octets));
        size_ = size;
    }
    [[nodiscard]] const std::byte* chunk_at(std::uint64_t at) const noexcept {
        const auto& chunk = chunks_[static_cast<std::size_t>(at / chunk_octets)];
        return chunk ? chunk.get() + at % chunk_octets : nullptr;
    }

    std::mutex mutex_; // readers come from other threads
    std::vector<std::unique_ptr<std::byte[]>> chunks_;
    std::uint64_t size_ = 0;
};

class memory_directory final : public directory {
public:
    void lock(std::error_code& ec) override { ec.clear(); }
    std::shared_ptr<file> open(const std::string& name, open_for use,
                               std::error_code& ec) override {
        ec.clear();
        const auto found = files_.find(name);
        if (use == open_for::creating && found != files_.end())
            ec = std::make_error_code(std::errc::file_exists);
        else if (use == open_for::creating)
            return files_.emplace(name, std::make_shared<memory_file>()).first->second;
        else if (found == files_.end())
            ec = std::make_error_code(std::errc::no_such_file_or_directory);
        return ec ? nullptr : found->second;
    }
    void rename(const std::string& from, const std::string& to, std::error_code& ec) override {
        const auto moved = take(from, ec);
        if (!ec)
            files_[to] = moved;
    }
    void remove(const std::string& name, std::error_code& ec) override {
        static_cast<void>(take(name, ec));
    }
    std::vector<std::string> list(std::error_code& ec) override {
        ec.clear();
        std::vector<std::string> names;
        names.reserve(files_.size());
        for (const auto& [name, each] : files_)
            names.push_back(name);
        return names;
    }
    void sync(std::error_code& ec) noexcept override { ec.clear(); }

private:
    std::shared_ptr<memory_file> take(const std::string& name, std::error_code& ec) {
        ec.clear();
        const auto found = files_.find(name);
        if (found == files_.end()) {
            ec = std::make_error_code(std::errc::no_such_file_or_directory);
            return nullptr;
        }
        auto taken = std::move(found->second);
        files_.erase(found);
        return taken;
    }

    std::map<std::string, std::shared_ptr<memory_file>> files_;
};

} // namespace

std::unique_ptr<directory> make_memory_directory() { return std::make_unique<memory_directory>(); }

} // namespace mizzen::titanic
