// The client's end of CURVE: HELLO, INITIATE.
#include "end.hpp"
#include "security.hpp"
#include <mizzen/zmtp/error.hpp>

#include <algorithm>

namespace mizzen::curve {
namespace {

using zmtp::errc;
using zmtp::handshake;
using zmtp::octets;

constexpr std::size_t welcome_size = 160; // behind the name

class client final : public end_of_connection<client> {
public:
    client(zmtp::allocator& memory, const client_security& how) noexcept
        : end_of_connection{memory}, how_{&how} {}

    void start(handshake& hands) noexcept override {
        if (!make_key_pair(transient_))
            return hands.fail(errc::not_enough_memory);
        if (!share_key(transient_, how_->server(), key_))
            return hands.fail(errc::protection_failed);
        std::array<std::byte, hello_size> data{}; // zeros pad it, and are in the box
        constexpr std::size_t at_nonce = 106;
        data[0] = std::byte{1};
        std::copy(transient_.open.begin(), transient_.open.end(), data.begin() + 74);
        store_count(&data[at_nonce], ++traffic_.sent);
        constexpr std::array<std::byte, 64> zeros{};
        seal_box(key_.span(), make_nonce("CurveZMQHELLO---", &data[at_nonce]), zeros,
                 &data[at_nonce + short_nonce]);
        hands.send("HELLO", data);
    }

    void receive(std::string_view name, octets data, handshake& hands) noexcept override {
        if (!welcomed_ && name == "WELCOME") {
            welcomed_ = true;
            return read_welcome(data, hands);
        }
        if (!welcomed_ || name != "READY")
            return hands.fail(errc::unexpected_frame);
        read_ready(data, hands);
    }

    void accepted(handshake& /*hands*/) noexcept override {} // a client asks nothing

private:
    void read_welcome(octets data, handshake& hands) noexcept {
        constexpr std::size_t head = 8; // of the body, before the data
        if (data.size() != welcome_size)
            return hands.fail(errc::malformed_command, head);
        std::array<std::byte, key_size + cookies::size> opened;
        if (!open_box(key_.span(), make_nonce("WELCOME-", data.data()), data.subspan(16),
                      opened.data()))
            return hands.fail(errc::protection_failed, head + 16);
        const std::span<const std::byte, key_size + cookies::size> whole{opened};
        // From here on the key is that of both transient pairs.
        if (!share_key(transient_, whole.first<key_size>(), key_))
            return hands.fail(errc::protection_failed, head + 16);
        send_initiate(whole.first<key_size>(), whole.subspan<key_size>(), hands);
        transient_.secret.wipe();
    }

    void send_initiate(public_view server, octets cookie, handshake& hands) noexcept {
        const octets metadata = hands.metadata();
        if (hands.failed())
            return;
        const std::size_t size = key_size + 16 + vouch_box + metadata.size();
        const wiped_room room{*memory_, box_overhead + size};
        if (room.get() == nullptr)
            return hands.fail(errc::not_enough_memory);
        own_keys own;
        secret_key vouch_key;
        std::byte* const plain = room.get() + box_overhead;
        if (!how_->own_pair(own) || !random_octets({plain + key_size, 16}))
            return hands.fail(errc::not_enough_memory);
        if (!share_key(own, server, vouch_key))
            return hands.fail(errc::protection_failed);
        std::memcpy(plain, own.open.data(), key_size);
        std::array<std::byte, 2 * key_size> vouch;
        std::memcpy(vouch.data(), transient_.open.data(), key_size);
        std::memcpy(vouch.data() + key_size, how_->server().data(), key_size);
        seal_box(vouch_key.span(), make_nonce("VOUCH---", plain + key_size), vouch,
                 plain + key_size + 16);
        if (!metadata.empty())
            std::memcpy(plain + key_size + 16 + vouch_box, metadata.data(), metadata.size());

        std::array<std::byte, cookies::size + short_nonce> front;
        std::copy(cookie.begin(), cookie.end(), front.begin());
        store_count(&front[cookies::size], ++traffic_.sent);
        seal_box(key_.span(), make_nonce("CurveZMQINITIATE", &front[cookies::size]), {plain, size},
                 room.get());
        hands.send("INITIATE", front, {room.get(), box_overhead + size});
    }

    void read_ready(octets data, handshake& hands) noexcept {
        constexpr std::size_t head = 6;
        if (data.size() < short_nonce + box_overhead)
            return hands.fail(errc::malformed_command, head);
        const std::size_t size = data.size() - short_nonce - box_overhead;
        const wiped_room metadata{*memory_, size};
        if (metadata.get() == nullptr)
            return hands.fail(errc::not_enough_memory);
        if (!open_box(key_.span(), make_nonce("CurveZMQREADY---", data.data()),
                      data.subspan(short_nonce), metadata.get()))
            return hands.fail(errc::protection_failed, head);
        traffic_.received = load_count(data.data());
        traffic_.begin(key_, "CurveZMQMESSAGEC", "CurveZMQMESSAGES");
        key_.wipe();
        hands.take_metadata({metadata.get(), size});
        hands.finish();
    }

    const client_security* how_;
    own_keys transient_;
    secret_key key_; // with the server's permanent key, then with its transient one
    bool welcomed_ = false;
};

} // namespace

client_security::client_security(public_view server, const secret_key* own) noexcept
    : end_security{own} {
    std::copy(server.begin(), server.end(), server_.begin());
}

zmtp::mechanism* client_security::create(zmtp::role side, zmtp::allocator& memory) const noexcept {
    return side == zmtp::role::client ? zmtp::create_in<client>(memory, *this) : nullptr;
}

bool client_security::own_pair(own_keys& out) const noexcept {
    if (!has_own())
        return make_key_pair(out);
    out = own_or_zero();
    return true;
}

} // namespace mizzen::curve
