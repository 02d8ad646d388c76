// The server's end of CURVE: WELCOME, READY. Until INITIATE it keeps no key for a client: those are
// in the cookie. What it does keep beside its own transient public key, the cookie's nonce, ties
// the cookie to the connection that it was given on, so that what somebody has recorded is worth
// nothing on another one.
#include "end.hpp"
#include "security.hpp"
#include <mizzen/zmtp/error.hpp>

#include <algorithm>

namespace mizzen::curve {
namespace {

using zmtp::errc;
using zmtp::handshake;
using zmtp::octets;

constexpr std::size_t initiate_head = cookies::size + short_nonce;
constexpr std::size_t initiate_plain = key_size + 16 + vouch_box; // before the metadata
static_assert(initiate_head + box_overhead + initiate_plain == initiate_overhead);

bool all_zero(octets data) noexcept {
    std::byte any{};
    for (const std::byte octet : data)
        any |= octet;
    return any == std::byte{};
}

class server final : public end_of_connection<server> {
public:
    server(zmtp::allocator& memory, const server_security& how) noexcept
        : end_of_connection{memory}, how_{&how} {}

    void start(handshake& /*hands*/) noexcept override {}

    void receive(std::string_view name, octets data, handshake& hands) noexcept override {
        if (stage_ == stage::start && name == "HELLO") {
            stage_ = stage::welcomed;
            return read_hello(data, hands);
        }
        if (stage_ != stage::welcomed || name != "INITIATE")
            return hands.fail(errc::unexpected_frame);
        stage_ = stage::initiated;
        read_initiate(data, hands);
    }

    void accepted(handshake& hands) noexcept override {
        const octets metadata = hands.metadata();
        if (hands.failed())
            return;
        const wiped_room box{*memory_, box_overhead + metadata.size()};
        if (box.get() == nullptr)
            return hands.fail(errc::not_enough_memory);
        std::array<std::byte, short_nonce> count;
        store_count(count.data(), ++traffic_.sent);
        seal_box(session_.span(), make_nonce("CurveZMQREADY---", count.data()), metadata,
                 box.get());
        session_.wipe();
        hands.send("READY", count, {box.get(), box_overhead + metadata.size()});
        hands.finish();
    }

private:
    enum class stage : std::uint8_t { start, welcomed, initiated };

    // libzmq looks neither at the padding nor at what is in the box; 26/CurveZMQ wants both zero.
    void read_hello(octets data, handshake& hands) noexcept {
        constexpr std::size_t head = 6; // of the body, before the data
        if (data.size() != hello_size)
            return hands.fail(errc::malformed_command, head);
        if (data[0] != std::byte{1} || data[1] != std::byte{0} || !all_zero(data.subspan(2, 72)))
            return hands.fail(errc::malformed_command, head);
        const public_view theirs = data.subspan<74, key_size>();
        const octets count = data.subspan<106, short_nonce>();
        secret_key key;
        std::array<std::byte, 64> opened;
        if (!share_key(how_->own(), theirs, key) ||
            !open_box(key.span(), make_nonce("CurveZMQHELLO---", count.data()), data.subspan(114),
                      opened.data()) ||
            !all_zero(opened))
            return hands.fail(errc::protection_failed, head);
        traffic_.received = load_count(count.data());
        send_welcome(theirs, key, hands);
    }

    void send_welcome(public_view theirs, const secret_key& key, handshake& hands) noexcept {
        own_keys transient;
        secret<key_size + cookies::size> plain;
        std::array<std::byte, 16 + box_overhead + key_size + cookies::size> data;
        const std::span<std::byte, cookies::size> cookie{plain.data() + key_size, cookies::size};
        if (!make_key_pair(transient) || !random_octets(std::span{data}.first<16>()) ||
            !how_->cookies().seal(theirs, transient.secret, how_->now(), cookie))
            return hands.fail(errc::not_enough_memory);
        transient_ = transient.open;
        std::memcpy(plain.data(), transient_.data(), key_size);
        std::memcpy(cookie_nonce_.data(), cookie.data(), cookie_nonce_.size());
        seal_box(key.span(), make_nonce("WELCOME-", data.data()), plain.span(), &data[16]);
        hands.send("WELCOME", data);
    }

    void read_initiate(octets data, handshake& hands) noexcept {
        constexpr std::size_t head = 9;
        if (data.size() < initiate_overhead)
            return hands.fail(errc::malformed_command, head);
        const auto cookie = data.first<cookies::size>();
        const octets count = data.subspan<cookies::size, short_nonce>();
        public_key theirs;
        own_keys transient;
        transient.open = transient_;
        if (!zmtp::same_secret(cookie.first<cookies::nonce_octets>(), cookie_nonce_) ||
            !how_->cookies().open(cookie, how_->now(), theirs, transient.secret) ||
            load_count(count.data()) <= traffic_.received ||
            !share_key(transient, theirs, session_))
            return hands.fail(errc::protection_failed, head);
        const octets box = data.subspan(initiate_head);
        const wiped_room room{*memory_, box.size() - box_overhead};
        if (room.get() == nullptr)
            return hands.fail(errc::not_enough_memory);
        const octets plain{room.get(), box.size() - box_overhead};
        if (!open_box(session_.span(), make_nonce("CurveZMQINITIATE", count.data()), box,
                      room.get()) ||
            !vouched(plain, theirs, transient))
            return hands.fail(errc::protection_failed, head + initiate_head);
        traffic_.received = load_count(count.data());
        traffic_.begin(session_, "CurveZMQMESSAGES", "CurveZMQMESSAGEC");
        hands.take_metadata(plain.subspan(initiate_plain));
        const octets client = plain.first(key_size);
        hands.ask({&client, 1});
    }

    // The owner of the permanent key has said, to us, that the transient one is its own.
    [[nodiscard]] bool vouched(octets plain, public_view theirs,
                               const own_keys& transient) const noexcept {
        const public_view client = plain.first<key_size>();
        secret_key key;
        std::array<std::byte, 2 * key_size> vouch;
        if (!share_key(transient, client, key) ||
            !open_box(key.span(), make_nonce("VOUCH---", plain.data() + key_size),
                      plain.subspan(key_size + 16, vouch_box), vouch.data()))
            return false;
        const bool same_client = zmtp::same_secret(octets{vouch}.first(key_size), theirs);
        const bool same_server =
            zmtp::same_secret(octets{vouch}.subspan(key_size), how_->own().open);
        return same_client && same_server;
    }

    const server_security* how_;
    std::array<std::byte, cookies::nonce_octets> cookie_nonce_{};
    public_key transient_{}; // our own
    secret_key session_;     // from INITIATE to READY
    stage stage_ = stage::start;
};

} // namespace

server_security::server_security(const secret_key& own, clock* with) noexcept
    : end_security{&own}, now_{with} {}

zmtp::mechanism* server_security::create(zmtp::role side, zmtp::allocator& memory) const noexcept {
    return side == zmtp::role::server ? zmtp::create_in<server>(memory, *this) : nullptr;
}

} // namespace mizzen::curve
