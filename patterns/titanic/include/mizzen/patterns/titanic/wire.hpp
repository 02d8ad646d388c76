// The bodies of Titanic's services: RFC 9/TSP's three, and one of ours. They travel in requests and
// replies of Majordomo.
#pragma once

#include <mizzen/patterns/titanic/request_id.hpp>
#include <mizzen/zmtp/message.hpp>
#include <mizzen/zmtp/octets.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace mizzen::titanic {

using zmtp::message;
using zmtp::octets;

inline constexpr std::string_view service_prefix = "titanic.";
inline constexpr std::string_view request_service = "titanic.request";
inline constexpr std::string_view reply_service = "titanic.reply";
inline constexpr std::string_view close_service = "titanic.close";
/// As titanic.request, with an id that the client chose: it may be asked again without being two.
inline constexpr std::string_view submit_service = "titanic.submit";
/// All of them.
inline constexpr std::array titanic_services{request_service, submit_service, reply_service,
                                             close_service};

/// The longest name of a service, in octets.
inline constexpr std::size_t max_target_name = 255;

/// What a reply of Titanic's begins with: three digits.
enum class service_status : std::uint16_t {
    ok = 200,
    pending = 300, ///< titanic.reply: not yet.
    refused = 400, ///< An unknown id, or a request that makes no sense: not to be asked again.
    failed = 500,  ///< To be asked again later; of titanic.reply also: the request was set aside.
};

/// What a client asks of Titanic. The views are the message's.
struct service_call {
    enum class kind : std::uint8_t {
        malformed, ///< `trouble` says why.
        request,
        submit,
        reply,
        close,
    };
    kind what = kind::malformed;
    request_id id{};          ///< submit, reply, close.
    std::string_view target;  ///< request, submit: valid as the name of a service.
    std::size_t head = 0;     ///< request, submit: frames before the target's body.
    std::string_view trouble; ///< malformed.
};
[[nodiscard]] service_call parse_call(std::string_view service, const message& body) noexcept;

/// What Titanic has answered. The view is the message's.
struct service_answer {
    std::optional<service_status> status; ///< None: this is no answer of a Titanic.
    std::optional<request_id> id;         ///< Of an ok, if its second frame is one.
    std::string_view text;                ///< Of a refused or a failed, if it says why.
};
/// A status has three digits, whatever follows in its frame; one that RFC 9 does not know counts by
/// its first digit. The reply's body is what is behind the first frame of an ok.
[[nodiscard]] service_answer parse_answer(const message& body) noexcept;

/// For titanic.request and titanic.submit: puts in front of the target's body, which has one frame
/// at least, what it needs to be submitted.
void frame_request(message& body, std::string_view target);
void frame_submit(message& body, std::string_view target, const request_id& id);
/// For titanic.reply and titanic.close.
[[nodiscard]] message make_inquiry(const request_id& id);

/// The digits alone, and `text` in a frame of its own unless it is empty.
[[nodiscard]] message make_answer(service_status what, std::string_view text = {});
/// An ok with an id in it: a request's.
[[nodiscard]] message make_answer(const request_id& id);
/// Puts an ok in front of a reply's body.
void frame_answer(message& body);

/// Whether requests to a service of this name are taken: 1 to 255 octets of printable ASCII, and
/// none of those that a broker or Titanic answer themselves.
[[nodiscard]] bool valid_target(std::string_view name) noexcept;

// Bodies as the store keeps them: each frame behind its length, 4 octets with the least first.

/// How much the frames from `first` on will take.
[[nodiscard]] std::size_t stored_size(const message& body, std::size_t first = 0) noexcept;

/// The pieces of a message's frames, for a store's append. To be used again and again.
class stored_pieces {
public:
    /// Valid until the next call, and as long as `body` stays as it is, whose frames are below
    /// 4 GiB each.
    [[nodiscard]] std::span<const octets> of(const message& body, std::size_t first = 0);

private:
    std::vector<std::array<std::byte, 4>> lengths_;
    std::vector<octets> pieces_;
};

/// Adds the frames of a stored body to `to`. False, with some of them added, unless `stored` is one
/// frame or more, and nothing else.
[[nodiscard]] bool restore_frames(octets stored, message& to);

} // namespace mizzen::titanic
