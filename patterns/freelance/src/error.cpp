// The words of the error codes, with the standard conditions that fit.
#include <mizzen/patterns/common/request_condition.hpp>
#include <mizzen/patterns/freelance/error.hpp>

#include <string>

namespace mizzen::freelance {
namespace {

using patterns::request_condition;

const char* words(errc code) noexcept {
    switch (code) {
    case errc::abandoned: return "no server replied in time: the request was abandoned";
    case errc::cancelled: return "the request was cancelled";
    case errc::too_many_requests: return "too many requests are under way";
    case errc::handler_failed: return "the server's handler failed";
    case errc::queue_full: return "every server has as many requests as it takes";
    case errc::expired: return "the server did not come to the request in time";
    case errc::refused: return "the server refuses the request";
    case errc::malformed_request: return "a request needs a body, and a printable name if any";
    case errc::no_endpoint: return "there is no server to ask";
    case errc::no_such_service: return "the servers are of another service";
    }
    return "unknown error";
}

request_condition condition_of(errc code) noexcept {
    switch (code) {
    case errc::abandoned:
    case errc::expired: return request_condition::abandoned;
    case errc::too_many_requests:
    case errc::queue_full: return request_condition::busy;
    case errc::cancelled: return request_condition::cancelled;
    case errc::handler_failed: return request_condition::failed;
    case errc::refused:
    case errc::no_such_service: return request_condition::refused;
    case errc::malformed_request:
    case errc::no_endpoint: return request_condition::misuse;
    }
    return request_condition{};
}

class category_type final : public std::error_category {
public:
    const char* name() const noexcept override { return "mizzen.freelance"; }
    std::string message(int code) const override { return words(static_cast<errc>(code)); }
    std::error_condition default_error_condition(int code) const noexcept override {
        switch (static_cast<errc>(code)) {
        case errc::abandoned: return std::errc::timed_out;
        case errc::cancelled: return std::errc::operation_canceled;
        case errc::malformed_request: return std::errc::invalid_argument;
        case errc::no_endpoint: return std::errc::destination_address_required;
        default: return {code, *this};
        }
    }
    bool equivalent(int code, const std::error_condition& condition) const noexcept override {
        return condition == default_error_condition(code) ||
               condition == condition_of(static_cast<errc>(code));
    }
};

constinit const category_type category;

} // namespace

const std::error_category& error_category() noexcept { return category; }
std::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), category}; }

} // namespace mizzen::freelance
