// The words of the error codes, with the standard conditions that fit.
#include <mizzen/patterns/common/request_condition.hpp>
#include <mizzen/patterns/majordomo/error.hpp>

#include <string>

namespace mizzen::majordomo {
namespace {

using patterns::request_condition;

const char* words(errc code) noexcept {
    switch (code) {
    case errc::timed_out: return "abandoned: no reply in time";
    case errc::cancelled: return "the request was cancelled";
    case errc::handler_failed: return "the worker's handler failed";
    case errc::no_such_service: return "the broker takes no requests for this service";
    case errc::queue_full: return "the service's queue is full";
    case errc::expired: return "the request expired before a worker finished it";
    case errc::given_up: return "every worker that was given the request went away";
    case errc::not_authorised: return "not authorised to use this service";
    case errc::stopping: return "the broker takes no new requests, since it is about to stop";
    case errc::malformed_request: return "a request needs a printable service name and a body";
    case errc::too_many_requests: return "too many requests are under way";
    case errc::interrupted: return "abandoned: the broker was lost in the middle of the reply";
    }
    return "unknown error";
}

request_condition condition_of(errc code) noexcept {
    switch (code) {
    case errc::timed_out:
    case errc::expired:
    case errc::given_up:
    case errc::interrupted: return request_condition::abandoned;
    case errc::queue_full:
    case errc::too_many_requests:
    case errc::stopping: return request_condition::busy;
    case errc::cancelled: return request_condition::cancelled;
    case errc::handler_failed: return request_condition::failed;
    case errc::no_such_service:
    case errc::not_authorised: return request_condition::refused;
    case errc::malformed_request: return request_condition::misuse;
    }
    return request_condition{};
}

class category_type final : public std::error_category {
public:
    const char* name() const noexcept override { return "mizzen.majordomo"; }
    std::string message(int code) const override { return words(static_cast<errc>(code)); }
    std::error_condition default_error_condition(int code) const noexcept override {
        switch (static_cast<errc>(code)) {
        case errc::timed_out: return std::errc::timed_out;
        case errc::cancelled: return std::errc::operation_canceled;
        case errc::not_authorised: return std::errc::permission_denied;
        case errc::malformed_request: return std::errc::invalid_argument;
        case errc::too_many_requests: return std::errc::resource_unavailable_try_again;
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

} // namespace mizzen::majordomo
