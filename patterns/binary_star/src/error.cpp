// The words of the error codes, with the standard conditions that fit.
#include <mizzen/patterns/binary_star/error.hpp>

#include <string>

namespace mizzen::binary_star {
namespace {

const char* words(errc code) noexcept {
    switch (code) {
    case errc::not_active: return "this half is not active";
    case errc::peer_not_ready: return "the peer is not there to take over";
    case errc::handing_over: return "a hand-over goes on already";
    case errc::stopped: return "the server stopped";
    }
    return "unknown error";
}

class category_type final : public std::error_category {
public:
    const char* name() const noexcept override { return "mizzen.binary_star"; }
    std::string message(int code) const override { return words(static_cast<errc>(code)); }
    std::error_condition default_error_condition(int code) const noexcept override {
        switch (static_cast<errc>(code)) {
        case errc::handing_over: return std::errc::operation_in_progress;
        case errc::stopped: return std::errc::operation_canceled;
        default: return {code, *this};
        }
    }
};

constinit const category_type category;

} // namespace

const std::error_category& error_category() noexcept { return category; }
std::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), category}; }

} // namespace mizzen::binary_star
