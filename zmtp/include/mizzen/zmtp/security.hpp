// Security mechanisms: what happens between the greeting and the first message, and to the frames
// behind it.
#pragma once

#include <mizzen/zmtp/allocator.hpp>
#include <mizzen/zmtp/error.hpp>
#include <mizzen/zmtp/octets.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

namespace mizzen::zmtp {

class connection;

/// Which end of the security handshake a connection plays. NULL treats both alike; for the others
/// it has nothing to do with who binds.
enum class role : std::uint8_t { client, server };

/// What the program says of a peer's credentials (the status codes of 27/ZAP).
enum class verdict : std::uint8_t {
    accepted,     ///< 200.
    try_later,    ///< 300: the connection closes without a word, and the peer may come again.
    refused,      ///< 400: the peer is told, and does not come again with the same credentials.
    server_error, ///< 500: the peer is told.
};

/// What a mechanism may do while the handshake lasts: a door to its connection. After fail, refuse
/// or finish the rest does nothing.
class handshake {
public:
    /// Whether the program wants to judge the peer even where the mechanism has no credentials.
    [[nodiscard]] bool must_ask() const noexcept;
    /// Our own metadata, encoded. Valid as long as the handshake.
    [[nodiscard]] octets metadata() noexcept;
    /// Sends a command whose data is `data`, then `more`.
    void send(std::string_view name, octets data = {}, octets more = {}) noexcept;
    /// Sends ERROR with a reason of up to 255 octets and closes with authentication_failed.
    void refuse(std::string_view reason) noexcept;
    /// Reads what the peer says of itself, and fails when that does not do.
    void take_metadata(octets data) noexcept;
    /// Lets the program judge the peer by its credentials, which are copied; mechanism::judged
    /// follows. Nothing that the peer sends is looked at before.
    void ask(std::span<const octets> credentials) noexcept;
    /// Both ends know of each other what they need: messages may flow.
    void finish() noexcept;
    /// Closes the connection. `at` counts the octets of the command's body up to what is wrong.
    void fail(errc why, std::size_t at = 0) noexcept;
    [[nodiscard]] bool failed() const noexcept;

private:
    friend class connection;
    explicit handshake(connection& of) noexcept : connection_{&of} {}
    connection* connection_;
};

/// One end of one handshake, and of the traffic behind it where the mechanism protects that: a
/// state machine without I/O, as pure as the connection that drives it.
class mechanism {
public:
    mechanism() = default;
    mechanism(const mechanism&) = delete;
    mechanism& operator=(const mechanism&) = delete;

    /// The peer's greeting fits.
    virtual void start(handshake& hands) noexcept = 0;
    /// A command of the peer's other than ERROR. The views are valid during the call.
    virtual void receive(std::string_view name, octets data, handshake& hands) noexcept = 0;
    /// The program's answer to handshake::ask, when it accepts; the connection sees to a refusal.
    virtual void accepted(handshake& hands) noexcept = 0;

    /// Whether every frame behind the handshake goes through seal and open. One that does not is
    /// destroyed once the handshake is done.
    [[nodiscard]] virtual bool protects() const noexcept { return false; }
    /// Octets that seal adds to a payload.
    [[nodiscard]] virtual std::size_t overhead() const noexcept { return 0; }
    /// Writes the frame body that carries `payload`: payload.size() + overhead() octets. `flags` is
    /// of frame_flag: more, command. False when no more can be sent on this connection.
    [[nodiscard]] virtual bool seal(std::uint8_t /*flags*/, octets /*payload*/,
                                    std::byte* /*out*/) noexcept {
        return false;
    }
    /// Checks a frame body of at least overhead() octets and writes its payload, which has
    /// overhead() fewer, either elsewhere or to where the body ends, over its last octets. False
    /// when it is not what the peer sealed, or not in its turn.
    [[nodiscard]] virtual bool open(octets /*body*/, std::uint8_t& /*flags*/,
                                    std::byte* /*out*/) noexcept {
        return false;
    }

    /// Ends the object and gives its memory back.
    virtual void destroy() noexcept = 0;

protected:
    ~mechanism() = default; // by destroy. Inline like all here: see allocator
};

/// A mechanism and what the program configured for it. Outlives the connections that use it.
class security {
public:
    security() = default;
    security(const security&) = delete;
    security& operator=(const security&) = delete;

    /// As in the greeting: 1 to 20 characters of A-Z, 0-9 and -_.+
    [[nodiscard]] virtual std::string_view name() const noexcept = 0;
    /// Whether the handshake can say what was configured; check(config) asks, before any octet.
    [[nodiscard]] virtual std::error_code check() const noexcept { return {}; }
    /// Octets that our metadata's command has at most beside them and its name; check(config) adds
    /// them up.
    [[nodiscard]] virtual std::size_t handshake_overhead() const noexcept { return 0; }
    /// One end of a new handshake, in memory from `memory`; null when that is refused.
    [[nodiscard]] virtual mechanism* create(role side, allocator& memory) const noexcept = 0;

protected:
    ~security() = default;
};

/// Makes an object in an allocator's memory, for mechanism implementations; null when refused.
template <class Mechanism, class... Args>
[[nodiscard]] Mechanism* create_in(allocator& memory, Args&&... args) noexcept {
    void* room = memory.allocate(sizeof(Mechanism));
    return room == nullptr ? nullptr : ::new (room) Mechanism(memory, std::forward<Args>(args)...);
}
template <class Mechanism> void destroy_in(allocator& memory, Mechanism* m) noexcept {
    m->~Mechanism();
    memory.deallocate(m, sizeof(Mechanism));
}

/// Owns a mechanism.
class mechanism_ref {
public:
    mechanism_ref() = default;
    explicit mechanism_ref(mechanism* owned) noexcept : mechanism_{owned} {}
    mechanism_ref(const mechanism_ref&) = delete;
    mechanism_ref& operator=(const mechanism_ref&) = delete;
    ~mechanism_ref() { reset(); }

    void reset(mechanism* owned = nullptr) noexcept {
        if (mechanism* old = std::exchange(mechanism_, owned))
            old->destroy();
    }
    mechanism* operator->() const noexcept { return mechanism_; }
    explicit operator bool() const noexcept { return mechanism_ != nullptr; }

private:
    mechanism* mechanism_ = nullptr;
};

/// Whether two secrets are the same, in a time that depends on their sizes alone.
[[nodiscard]] bool same_secret(octets a, octets b) noexcept;
/// Zeros in place of what is there, which no compiler leaves out: so that secrets do not lie about
/// in memory.
void wipe(std::span<std::byte> secret) noexcept;

} // namespace mizzen::zmtp
