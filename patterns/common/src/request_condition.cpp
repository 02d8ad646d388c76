// The conditions' words, and the codes from elsewhere that they stand for.
#include <mizzen/error.hpp>
#include <mizzen/patterns/common/request_condition.hpp>

#include <asio/error.hpp>

#include <string>

namespace mizzen::patterns {
namespace {

class category_type final : public std::error_category {
public:
    const char* name() const noexcept override { return "mizzen.request"; }
    std::string message(int code) const override {
        switch (static_cast<request_condition>(code)) {
        case request_condition::abandoned: return "no reply came";
        case request_condition::busy: return "too many requests";
        case request_condition::cancelled: return "the request was cancelled";
        case request_condition::failed: return "the handler failed";
        case request_condition::refused: return "the request was refused";
        case request_condition::misuse: return "the request makes no sense";
        }
        return "unknown condition";
    }

    // The patterns' own codes are compared by their categories.
    bool equivalent(const std::error_code& code, int condition) const noexcept override {
        switch (static_cast<request_condition>(condition)) {
        case request_condition::cancelled:
            return code == asio::error::operation_aborted || code == mizzen::errc::socket_closed ||
                   code == mizzen::errc::context_closed;
        case request_condition::misuse: return code == mizzen::errc::no_such_endpoint;
        default: return false;
        }
    }
};

constinit const category_type category;

} // namespace

const std::error_category& request_condition_category() noexcept { return category; }
std::error_condition make_error_condition(request_condition what) noexcept {
    return {static_cast<int>(what), category};
}

} // namespace mizzen::patterns
