// The PLAIN handshake: HELLO, WELCOME, INITIATE, READY.
#include <mizzen/zmtp/plain.hpp>

#include <array>
#include <cstring>

namespace mizzen::zmtp {
namespace {

constexpr std::size_t longest = 255; // user name, password

class plain_client final : public mechanism {
public:
    plain_client(allocator& memory, std::string_view user_name, std::string_view password) noexcept
        : memory_{&memory}, user_name_{user_name}, password_{password} {}

    void start(handshake& hands) noexcept override {
        std::array<std::byte, 2 * (1 + longest)> data;
        std::byte* at = data.data();
        for (const std::string_view text : {user_name_, password_}) {
            *at++ = static_cast<std::byte>(text.size());
            if (!text.empty())
                std::memcpy(at, text.data(), text.size());
            at += text.size();
        }
        hands.send("HELLO", {data.data(), static_cast<std::size_t>(at - data.data())});
        wipe(data);
    }
    void receive(std::string_view name, octets data, handshake& hands) noexcept override {
        if (!welcomed_ && name == "WELCOME") {
            if (!data.empty())
                return hands.fail(errc::malformed_command, 1 + name.size());
            welcomed_ = true;
            return hands.send("INITIATE", hands.metadata());
        }
        if (!welcomed_ || name != "READY")
            return hands.fail(errc::unexpected_frame);
        hands.take_metadata(data);
        hands.finish();
    }
    void accepted(handshake& /*hands*/) noexcept override {} // a client asks nothing
    void destroy() noexcept override { destroy_in(*memory_, this); }

private:
    allocator* memory_;
    std::string_view user_name_;
    std::string_view password_;
    bool welcomed_ = false;
};

class plain_server final : public mechanism {
public:
    explicit plain_server(allocator& memory) noexcept : memory_{&memory} {}

    void start(handshake& /*hands*/) noexcept override {}
    void receive(std::string_view name, octets data, handshake& hands) noexcept override {
        if (name == "HELLO" && !greeted_) {
            greeted_ = true;
            return read_hello(data, hands);
        }
        if (name != "INITIATE" || !greeted_)
            return hands.fail(errc::unexpected_frame);
        hands.take_metadata(data);
        hands.send("READY", hands.metadata());
        hands.finish();
    }
    void accepted(handshake& hands) noexcept override { hands.send("WELCOME"); }
    void destroy() noexcept override { destroy_in(*memory_, this); }

private:
    static void read_hello(octets data, handshake& hands) noexcept {
        std::array<octets, 2> credentials; // user name, password
        octets rest = data;
        for (octets& text : credentials) {
            const std::size_t at = 6 + (data.size() - rest.size()); // behind the name, HELLO
            if (rest.empty())
                return hands.fail(errc::malformed_command, at);
            const auto size = std::to_integer<std::size_t>(rest[0]);
            if (size > rest.size() - 1)
                return hands.fail(errc::malformed_command, at);
            text = rest.subspan(1, size);
            rest = rest.subspan(1 + size);
        }
        if (!rest.empty())
            return hands.fail(errc::malformed_command, 6 + (data.size() - rest.size()));
        hands.ask(credentials);
    }

    allocator* memory_;
    bool greeted_ = false;
};

} // namespace

std::string_view plain_security::name() const noexcept { return "PLAIN"; }

std::error_code plain_security::check() const noexcept {
    if (user_name_.size() > longest || password_.size() > longest)
        return errc::invalid_credentials;
    return {};
}

mechanism* plain_security::create(role side, allocator& memory) const noexcept {
    if (side == role::server)
        return create_in<plain_server>(memory);
    return create_in<plain_client>(memory, user_name_, password_);
}

} // namespace mizzen::zmtp
