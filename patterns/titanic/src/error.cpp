// The words of the error codes, with the standard conditions that fit.
#include <mizzen/patterns/common/request_condition.hpp>
#include <mizzen/patterns/titanic/error.hpp>

#include <string>

namespace mizzen::titanic {
namespace {

using patterns::request_condition;

const char* words(errc code) noexcept {
    switch (code) {
    case errc::busy: return "the store has as much to commit as it takes at once";
    case errc::store_full: return "the store is full";
    case errc::no_space: return "the disk has no room for more of the store";
    case errc::read_only: return "the store is read-only";
    case errc::failed: return "the store has failed, and takes nothing any more";
    case errc::too_large: return "larger than the store takes";
    case errc::unknown_request: return "no request has this id";
    case errc::already_stored: return "the request is stored already";
    case errc::id_in_use: return "another request has this id";
    case errc::wrong_state: return "the request is not in the state that this is for";
    case errc::not_yet_stored: return "not committed yet";
    case errc::damaged: return "the store's file is damaged";
    case errc::not_repairable: return "the store's file cannot be repaired in place";
    case errc::locked: return "another process has the store open";
    case errc::unknown_version: return "the store's format is of an unknown version";
    case errc::bad_options: return "the store's limits contradict each other";
    case errc::bad_service: return "a service's name has 1 to 255 octets";
    case errc::pending: return "the request was not answered yet";
    case errc::refused: return "the request was refused";
    case errc::server_failed: return "the server failed";
    case errc::no_titanic: return "the broker knows no Titanic";
    case errc::bad_answer: return "the answer is none of a Titanic";
    }
    return "unknown error";
}

// Of the codes that a client tells; the store's own are none of a request's.
request_condition condition_of(errc code) noexcept {
    switch (code) {
    case errc::pending:
    case errc::no_titanic: return request_condition::abandoned;
    case errc::server_failed: return request_condition::busy;
    case errc::refused:
    case errc::unknown_request:
    case errc::bad_answer: return request_condition::refused;
    default: return request_condition{};
    }
}

class category_type final : public std::error_category {
public:
    const char* name() const noexcept override { return "mizzen.titanic"; }
    std::string message(int code) const override { return words(static_cast<errc>(code)); }
    std::error_condition default_error_condition(int code) const noexcept override {
        switch (static_cast<errc>(code)) {
        case errc::busy:
        case errc::pending: return std::errc::resource_unavailable_try_again;
        case errc::no_space: return std::errc::no_space_on_device;
        case errc::read_only: return std::errc::read_only_file_system;
        case errc::failed: return std::errc::io_error;
        case errc::too_large: return std::errc::message_size;
        case errc::locked: return std::errc::device_or_resource_busy;
        case errc::bad_options:
        case errc::bad_service: return std::errc::invalid_argument;
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

} // namespace mizzen::titanic
