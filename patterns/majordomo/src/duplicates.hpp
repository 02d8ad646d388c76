// The requests that are on their way or were answered of late, by their ids.
#pragma once

#include "broker_records.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mizzen::majordomo {

/// Bounded in replies, in their octets and in time: the oldest reply goes first. Requests on their
/// way are as many as the broker takes.
class duplicates {
public:
    using id = std::array<std::byte, 16>;
    struct bounds {
        milliseconds window{0}; ///< 0: everything is new, and nothing is kept.
        std::size_t replies = 0;
        std::size_t octets = 0;
    };
    static constexpr std::uint32_t none = request_record::none;

    struct entry {
        id key{};
        std::uint64_t service = 0;
        std::string user; ///< Whose request it is; another one's with this id is another request.
        request_record* running = nullptr; ///< Null once it was answered.
        message reply;                     ///< Empty when it came in parts: those are not kept.
        status outcome = status::ok;
        std::size_t octets = 0;
        time_point until{};
        std::uint32_t after = none; ///< The next one in its bucket, or of those unused.
        std::uint32_t newer = none; ///< The reply kept after this one.
    };

    duplicates(const bounds& limits, std::uint64_t seed) : bounds_{limits}, seed_{seed} {}

    [[nodiscard]] bool on() const noexcept { return bounds_.window.count() != 0; }
    /// Null when the request is new. Valid until the next change.
    [[nodiscard]] entry* find(const id& key, std::string_view service,
                              std::string_view user) noexcept;

    /// Adds a new request, and returns its place.
    std::uint32_t start(const id& key, std::string_view service, std::string_view user,
                        request_record& r);
    /// It was answered; an empty reply says that nothing can be kept but that.
    void finish(std::uint32_t place, message&& reply, status outcome, time_point now);
    /// It was not answered: the next one with this id is new.
    void forget(std::uint32_t place) noexcept;

    [[nodiscard]] std::optional<time_point> deadline() const noexcept;
    void expire(time_point now) noexcept;
    void clear() noexcept;
    [[nodiscard]] std::size_t kept() const noexcept { return kept_; }

private:
    [[nodiscard]] std::uint64_t hash_of_name(std::string_view service) const noexcept;
    [[nodiscard]] std::size_t bucket_of(const id& key, std::uint64_t service) const noexcept;
    void grow();
    void drop_oldest() noexcept;

    bounds bounds_;
    std::uint64_t seed_;
    std::vector<std::uint32_t> buckets_; // a power of two, or none
    std::vector<entry> entries_;
    std::uint32_t unused_ = none;
    std::uint32_t oldest_ = none;
    std::uint32_t newest_ = none;
    std::size_t used_ = 0;
    std::size_t kept_ = 0;
    std::size_t octets_ = 0;
};

} // namespace mizzen::majordomo
