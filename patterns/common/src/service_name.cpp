// What a service may be called.
#include <mizzen/patterns/common/service_name.hpp>

#include <algorithm>

namespace mizzen::patterns {

bool valid_service_name(std::string_view name, std::size_t limit) noexcept {
    return !name.empty() && name.size() <= limit &&
           std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

} // namespace mizzen::patterns
