// Writing requests, and reading replies of which nothing is believed before it is looked at.
#include "zap_wire.hpp"

#include <mizzen/zmtp/config.hpp>
#include <mizzen/zmtp/metadata.hpp>
#include <mizzen/zmtp/security.hpp>

#include <algorithm>
#include <charconv>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace mizzen::detail {
namespace {

constexpr std::string_view version = "1.0";
constexpr std::size_t first_credential = 7; // behind the mechanism
constexpr std::size_t longest_text = 255;
constexpr std::size_t longest_user_id = 255;

// Decimal: CZMQ's zauth reads the id as a C string.
std::optional<std::uint64_t> read_id(std::string_view text) noexcept {
    std::uint64_t id = 0;
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    const auto [at, ec] = std::from_chars(begin, end, id);
    if (ec != std::errc{} || at != end || text.front() == '0')
        return std::nullopt; // another text than we wrote, be it of the same number
    return id;
}

std::optional<zmtp::verdict> read_status(std::string_view text) noexcept {
    if (text == "200")
        return zmtp::verdict::accepted;
    if (text == "300")
        return zmtp::verdict::try_later;
    if (text == "400")
        return zmtp::verdict::refused;
    if (text == "500")
        return zmtp::verdict::server_error;
    return std::nullopt;
}

std::string printable(std::string_view text) {
    std::string out{text.substr(0, longest_text)};
    std::replace_if(
        out.begin(), out.end(),
        [](char octet) { return static_cast<unsigned char>(octet) < ' ' || octet == '\x7f'; }, '?');
    return out;
}

// False for what a handshake's metadata could not be either.
bool read_metadata(octets rest, std::vector<peer_property>& out) {
    const zmtp::limits most{};
    std::size_t size = 0;
    std::error_code ec;
    while (const auto next = zmtp::next_property(rest, ec)) {
        size += next->value.size();
        if (out.size() == most.max_properties || size > most.max_metadata_size)
            return false;
        out.push_back({std::string{next->name}, std::string{as_text(next->value)}});
    }
    return !ec;
}

// The frames behind the request id.
zap_fault read_answer(std::string_view status, message::const_iterator at,
                      authentication_answer& out) {
    const auto verdict = read_status(status);
    if (!verdict)
        return zap_fault::status;
    out.verdict = *verdict;
    out.reason = printable(as_text(*++at));
    if (out.reason.empty())
        out.reason = "the ZAP handler says " + std::string{status};
    const std::string_view user_id = as_text(*++at);
    if (user_id.size() > longest_user_id)
        return zap_fault::user_id;
    if (*verdict == zmtp::verdict::accepted)
        out.user_id = user_id;
    std::vector<peer_property> metadata;
    if (!read_metadata(*++at, metadata))
        return zap_fault::metadata;
    if (*verdict == zmtp::verdict::accepted)
        out.metadata = std::move(metadata);
    return zap_fault::none;
}

} // namespace

std::string_view words_of(zap_fault fault) noexcept {
    switch (fault) {
    case zap_fault::none: return "a reply";
    case zap_fault::frames: return "a reply of other frames than ZAP's seven";
    case zap_fault::request_id: return "a reply to another request";
    case zap_fault::version: return "a reply of another version than 1.0";
    case zap_fault::status: return "a reply with an unknown status";
    case zap_fault::user_id: return "a reply with a user id that is too long";
    case zap_fault::metadata: return "a reply with malformed metadata";
    }
    return "a reply";
}

message zap_request(std::uint64_t id, const authentication_request& about) {
    message m{"",
              version,
              std::to_string(id),
              about.domain,
              about.address,
              about.routing_id,
              about.mechanism};
    for (const std::string& credential : about.credentials)
        m.push_back(std::string_view{credential});
    return m;
}

void wipe_credentials(message& request) noexcept {
    for (std::size_t at = first_credential; at < request.size(); ++at) {
        const octets part = request[at];
        zmtp::wipe({const_cast<std::byte*>(part.data()), part.size()}); // not const itself
    }
}

zap_reply read_zap_reply(const message& m) {
    zap_reply out;
    if (m.size() != 7 || !m.front().empty()) {
        out.fault = zap_fault::frames;
        return out;
    }
    auto at = m.begin();
    const std::string_view said = as_text(*++at);
    out.id = read_id(as_text(*++at));
    if (!out.id)
        out.fault = zap_fault::request_id;
    else if (said != version)
        out.fault = zap_fault::version;
    else
        out.fault = read_answer(as_text(*++at), at, out.answer);
    if (out.fault != zap_fault::none)
        out.answer = {};
    return out;
}

} // namespace mizzen::detail
