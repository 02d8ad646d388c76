// The NULL handshake: each end sends READY.
#include <mizzen/zmtp/null.hpp>

namespace mizzen::zmtp {
namespace {

class null_mechanism final : public mechanism {
public:
    explicit null_mechanism(allocator& memory) noexcept : memory_{&memory} {}

    // READY goes out as soon as the greeting fits: 37/ZMTP lets the side that binds wait for the
    // other's READY, but no peer minds it early.
    void start(handshake& hands) noexcept override {
        if (hands.must_ask())
            hands.ask({});
        else
            accepted(hands);
    }
    void accepted(handshake& hands) noexcept override { hands.send("READY", hands.metadata()); }
    void receive(std::string_view name, octets data, handshake& hands) noexcept override {
        if (name != "READY")
            return hands.fail(errc::unexpected_frame);
        hands.take_metadata(data);
        hands.finish();
    }
    void destroy() noexcept override { destroy_in(*memory_, this); }

private:
    allocator* memory_;
};

constinit const null_security shared;

} // namespace

std::string_view null_security::name() const noexcept { return "NULL"; }

mechanism* null_security::create(role /*side*/, allocator& memory) const noexcept {
    return create_in<null_mechanism>(memory);
}

const security& default_security() noexcept { return shared; }

} // namespace mizzen::zmtp
