// Finding a request by its id, and forgetting it in time.
#include "duplicates.hpp"

#include <cstring>
#include <functional>
#include <utility>

namespace mizzen::majordomo {
namespace {

std::uint64_t mix(std::uint64_t z) noexcept { // splitmix64's finish
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

} // namespace

std::uint64_t duplicates::hash_of_name(std::string_view service) const noexcept {
    return mix(std::hash<std::string_view>{}(service) ^ seed_);
}

std::size_t duplicates::bucket_of(const id& key, std::uint64_t service) const noexcept {
    std::array<std::uint64_t, 2> halves{};
    std::memcpy(halves.data(), key.data(), key.size());
    return mix(mix(halves[0] ^ seed_) ^ halves[1] ^ service) & (buckets_.size() - 1);
}

duplicates::entry* duplicates::find(const id& key, std::string_view service,
                                    std::string_view user) noexcept {
    if (buckets_.empty())
        return nullptr;
    const std::uint64_t name = hash_of_name(service);
    for (std::uint32_t at = buckets_[bucket_of(key, name)]; at != none; at = entries_[at].after) {
        entry& e = entries_[at];
        if (e.key == key && e.service == name && e.user == user)
            return &e;
    }
    return nullptr;
}

std::uint32_t duplicates::start(const id& key, std::string_view service, std::string_view user,
                                request_record& r) {
    if (used_ == buckets_.size())
        grow();
    entries_[unused_].user = user;
    const std::uint32_t place = std::exchange(unused_, entries_[unused_].after);
    entry& e = entries_[place];
    e.key = key;
    e.service = hash_of_name(service);
    e.running = &r;
    std::uint32_t& bucket = buckets_[bucket_of(e.key, e.service)];
    e.after = std::exchange(bucket, place);
    ++used_;
    return place;
}

void duplicates::finish(std::uint32_t place, message&& reply, status outcome, time_point now) {
    entry& e = entries_[place];
    e.running = nullptr;
    e.reply = std::move(reply);
    e.outcome = outcome;
    e.octets = e.reply.encoded_size() + e.user.size();
    e.until = now + bounds_.window;
    e.newer = none;
    (oldest_ == none ? oldest_ : entries_[newest_].newer) = place;
    newest_ = place;
    ++kept_;
    octets_ += e.octets;
    while (kept_ > bounds_.replies || octets_ > bounds_.octets)
        drop_oldest();
}

void duplicates::forget(std::uint32_t place) noexcept {
    entry& e = entries_[place];
    std::uint32_t* link = &buckets_[bucket_of(e.key, e.service)];
    while (*link != place)
        link = &entries_[*link].after;
    *link = e.after;
    e.running = nullptr;
    e.reply.clear();
    e.after = std::exchange(unused_, place);
    --used_;
}

void duplicates::drop_oldest() noexcept {
    const std::uint32_t place = oldest_;
    --kept_;
    octets_ -= entries_[place].octets;
    oldest_ = entries_[place].newer;
    forget(place);
}

std::optional<time_point> duplicates::deadline() const noexcept {
    if (oldest_ == none)
        return std::nullopt;
    return entries_[oldest_].until;
}

void duplicates::expire(time_point now) noexcept {
    while (oldest_ != none && entries_[oldest_].until <= now)
        drop_oldest();
}

void duplicates::clear() noexcept {
    while (oldest_ != none)
        drop_oldest();
}

void duplicates::grow() {
    const std::size_t before = entries_.size();
    const std::size_t wanted = before == 0 ? 64 : 2 * before;
    entries_.resize(wanted);
    buckets_.assign(wanted, none);
    for (std::size_t i = 0; i < before; ++i) { // all of them are in use
        std::uint32_t& bucket = buckets_[bucket_of(entries_[i].key, entries_[i].service)];
        entries_[i].after = std::exchange(bucket, static_cast<std::uint32_t>(i));
    }
    for (std::size_t i = wanted; i-- != before;)
        entries_[i].after = std::exchange(unused_, static_cast<std::uint32_t>(i));
}

} // namespace mizzen::majordomo
