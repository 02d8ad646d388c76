// The names of services, each once however many requests are for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace mizzen::titanic {

/// A name stays as long as somebody uses it: there are never more than there are requests.
class service_names {
public:
    using place = std::uint32_t;

    /// Of a name, which is used once more.
    place use(std::string_view name) {
        if (const auto found = places_.find(name); found != places_.end()) {
            ++names_[found->second].users;
            return found->second;
        }
        if (unused_.empty()) {
            unused_.reserve(names_.size() + 1); // so that drop does not throw
            names_.emplace_back();
            unused_.push_back(static_cast<place>(names_.size() - 1));
        }
        const place made = unused_.back();
        places_.emplace(name, made);
        names_[made] = {std::string{name}, 1};
        unused_.pop_back();
        return made;
    }
    void drop(place which) noexcept {
        if (--names_[which].users != 0)
            return;
        places_.erase(places_.find(std::string_view{names_[which].text}));
        names_[which].text = {};
        unused_.push_back(which);
    }
    [[nodiscard]] std::string_view name(place which) const noexcept { return names_[which].text; }
    [[nodiscard]] std::size_t size() const noexcept { return places_.size(); }

private:
    struct entry {
        std::string text;
        std::size_t users = 0;
    };
    struct hash : std::hash<std::string_view> {
        using is_transparent = void;
    };

    std::unordered_map<std::string, place, hash, std::equal_to<>> places_;
    std::vector<entry> names_;
    std::vector<place> unused_;
};

} // namespace mizzen::titanic
