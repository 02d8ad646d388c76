// The other end of CURVE, with keys that the fuzzer's inputs get past the boxes by: it says what
// the RFC has it say, changed where it is told so, and holds what it hears against that.
#pragma once

#include "../../lib/src/curve/traffic.hpp"
#include "../../lib/src/curve/x25519.hpp"
#include "must.hpp"
#include "wire.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

namespace mizzen::fuzz {

/// One octet that is not what it should be; `by` 0 changes nothing.
struct change {
    bool inside = false; ///< Of what is sealed, before it is; else of the whole body.
    std::size_t at = 0;  ///< Counted round.
    std::uint8_t by = 0;

    void apply(stream& all) const {
        if (!all.empty())
            all[at % all.size()] ^= std::byte{by};
    }
};

struct curve_pair {
    curve::secret_key secret;
    curve::public_key open{};
    explicit curve_pair(std::uint8_t octet) {
        for (std::byte& each : secret.span())
            each = std::byte{octet};
        must(curve::public_of(secret, open), "OpenSSL makes a public key");
    }
};
inline const curve_pair& curve_client() {
    static const curve_pair one{1};
    return one;
}
inline const curve_pair& curve_server() {
    static const curve_pair one{2};
    return one;
}

class curve_peer {
public:
    explicit curve_peer(bool serves) : serves_{serves} {}

    /// Whether a changed command has been said that ought never to be believed.
    [[nodiscard]] bool lied() const noexcept { return lied_; }
    [[nodiscard]] bool can_seal() const noexcept { return keyed_; }

    /// The next command of the handshake, as far as what came before allows one.
    void shake(stream& out, const change& what, octets metadata) {
        stream body;
        if (serves_)
            step_ == 0 ? put_welcome(body, what) : put_ready(body, what, metadata);
        else
            step_ == 0 ? put_hello(body, what) : put_initiate(body, what, metadata);
        ++step_;
        if (!what.inside && what.by != 0) {
            lied_ = true;
            what.apply(body);
        }
        put_frame(out, 4, body);
    }
    /// A MESSAGE that holds `plain`, with a counter so much higher than the last.
    void say(stream& out, std::uint64_t step, octets plain, const change& what) {
        count_ += step;
        stream body;
        put(body, as_octets("\7MESSAGE"));
        stream inside;
        put(inside, plain);
        put_sealed(body, serves_ ? "CurveZMQMESSAGES" : "CurveZMQMESSAGEC", session_, count_,
                   inside, what);
        if (!what.inside)
            what.apply(body);
        put_frame(out, 0, body);
    }

    /// What the connection under test has written.
    void hear(octets written) {
        put(heard_, written);
        while (take_frame()) {
        }
    }
    /// It was given that to send.
    void expect(octets part, bool more) {
        stream plain;
        put(plain, std::size_t{more});
        put(plain, part);
        expected_.push_back(std::move(plain));
    }

private:
    static void put_count(stream& out, std::uint64_t count) {
        out.resize(out.size() + 8);
        curve::store_count(&out[out.size() - 8], count);
    }
    // A short nonce, then the box.
    static void put_sealed(stream& out, std::string_view start, const curve::secret_key& key,
                           std::uint64_t count, stream plain, const change& what) {
        if (what.inside)
            what.apply(plain);
        put_count(out, count);
        const curve::nonce nonce = curve::make_nonce(start, out.data() + out.size() - 8);
        put_box(out, key, nonce, plain);
    }
    static void put_box(stream& out, const curve::secret_key& key, const curve::nonce& nonce,
                        const stream& plain) {
        out.resize(out.size() + 16 + plain.size());
        curve::seal_box(key.span(), nonce, plain, out.data() + (out.size() - 16 - plain.size()));
    }
    // A key of any origin; zeros where there is none to share with.
    static curve::secret_key shared(const curve::secret_key& own, octets theirs) {
        curve::secret_key key;
        if (theirs.size() != 32 ||
            !curve::share_key(own, curve::public_view{theirs.data(), 32}, key))
            return {};
        return key;
    }

    void put_hello(stream& out, const change& what) {
        put(out, as_octets("\5HELLO"));
        put(out, std::size_t{1});
        out.resize(80);
        put(out, transient_.open);
        put_sealed(out, "CurveZMQHELLO---", shared(transient_.secret, curve_server().open),
                   ++count_, stream(64), what);
    }
    void put_initiate(stream& out, const change& what, octets metadata) {
        put(out, as_octets("\10INITIATE"));
        put(out, cookie_);
        const curve::nonce vouch_nonce = curve::make_nonce("VOUCH---", curve_client().open.data());
        stream vouch;
        put(vouch, transient_.open);
        put(vouch, curve_server().open);
        stream plain;
        put(plain, curve_client().open);
        put(plain, octets{vouch_nonce}.subspan(8));
        put_box(plain, shared(curve_client().secret, their_transient_), vouch_nonce, vouch);
        put(plain, metadata);
        put_sealed(out, "CurveZMQINITIATE", session_, ++count_, plain, what);
    }
    void put_welcome(stream& out, const change& what) {
        put(out, as_octets("\7WELCOME"));
        stream plain;
        put(plain, transient_.open);
        plain.resize(32 + 96, std::byte{7}); // a cookie
        if (what.inside)
            what.apply(plain);
        const curve::nonce nonce = curve::make_nonce("WELCOME-", curve_client().open.data());
        put(out, octets{nonce}.subspan(8));
        put_box(out, shared(curve_server().secret, their_transient_), nonce, plain);
    }
    void put_ready(stream& out, const change& what, octets metadata) {
        put(out, as_octets("\5READY"));
        stream plain;
        put(plain, metadata);
        put_sealed(out, "CurveZMQREADY---", session_, ++count_, plain, what);
    }

    bool take_frame() {
        if (!greeted_) {
            if (heard_.size() < 64)
                return false;
            heard_.erase(heard_.begin(), heard_.begin() + 64);
            greeted_ = true;
        }
        if (heard_.size() < 2)
            return false;
        const bool wide = (heard_[0] & std::byte{2}) != std::byte{};
        const std::size_t head = wide ? 9 : 2;
        if (heard_.size() < head)
            return false;
        const std::uint64_t size =
            wide ? curve::load_count(&heard_[1]) : std::to_integer<std::uint64_t>(heard_[1]);
        if (heard_.size() - head < size)
            return false;
        take_body(octets{heard_}.subspan(head, size));
        heard_.erase(heard_.begin(), heard_.begin() + static_cast<std::ptrdiff_t>(head + size));
        return true;
    }
    void take_body(octets body) {
        const std::string_view text = as_text(body);
        if (text.starts_with("\5HELLO") && serves_) {
            must(body.size() == 200, "a HELLO has 200 octets");
            put(their_transient_, body.subspan(80, 32));
            session_ = shared(transient_.secret, their_transient_);
            keyed_ = true;
        } else if (text.starts_with("\7WELCOME") && !serves_) {
            must(body.size() == 168, "a WELCOME has 168 octets");
            stream plain(128);
            must(curve::open_box(shared(transient_.secret, curve_server().open).span(),
                                 curve::make_nonce("WELCOME-", &body[8]), body.subspan(24),
                                 plain.data()),
                 "the client can open its WELCOME");
            put(their_transient_, octets{plain}.first(32));
            put(cookie_, octets{plain}.subspan(32));
            session_ = shared(transient_.secret, their_transient_);
            keyed_ = true;
        } else if (text.starts_with("\7MESSAGE")) {
            take_message(body);
        }
    }
    void take_message(octets body) {
        must(body.size() >= 33, "a MESSAGE has 33 octets at least");
        const std::uint64_t count = curve::load_count(&body[8]);
        must(count > last_heard_, "counters grow");
        last_heard_ = count;
        stream plain(body.size() - 32);
        must(curve::open_box(
                 session_.span(),
                 curve::make_nonce(serves_ ? "CurveZMQMESSAGEC" : "CurveZMQMESSAGES", &body[8]),
                 body.subspan(16), plain.data()),
             "the peer can open a MESSAGE");
        if ((plain[0] & std::byte{2}) != std::byte{})
            return; // a command
        must(!expected_.empty() && same(expected_.front(), plain),
             "a MESSAGE holds what was sent, in its turn");
        expected_.pop_front();
    }

    bool serves_;
    bool greeted_ = false;
    bool keyed_ = false;
    bool lied_ = false;
    int step_ = 0;
    std::uint64_t count_ = 0;
    std::uint64_t last_heard_ = 0;
    const curve_pair transient_{3};
    curve::secret_key session_;
    stream their_transient_;
    stream cookie_;
    stream heard_;
    std::deque<stream> expected_;
};

} // namespace mizzen::fuzz
