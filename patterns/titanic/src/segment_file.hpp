// One segment's file, from which bodies can be read as long as anybody has it.
#pragma once

#include <mizzen/patterns/titanic/files.hpp>
#include <mizzen/patterns/titanic/store.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mizzen::titanic {

class segment_file final : public body_source {
public:
    explicit segment_file(std::shared_ptr<file> opened) noexcept : opened_{std::move(opened)} {}

    /// `at` and `size` are of the whole record.
    void read(std::uint64_t at, std::size_t size, const request_id& id, std::vector<std::byte>& out,
              std::error_code& ec) const override;
    [[nodiscard]] file& contents() const noexcept { return *opened_; }

private:
    std::shared_ptr<file> opened_;
};

/// The file that is to be the next segment, until it has a number.
inline constexpr std::string_view spare_name = "spare";

[[nodiscard]] std::string segment_name(std::uint64_t number);
[[nodiscard]] std::optional<std::uint64_t> parse_segment_name(std::string_view name) noexcept;
/// Of the file for what a repair takes out of a segment.
[[nodiscard]] std::string damage_name(std::uint64_t segment, std::uint64_t offset);

} // namespace mizzen::titanic
