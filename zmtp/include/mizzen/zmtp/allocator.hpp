// Where a connection's memory comes from: an interface that may answer "no".
#pragma once

#include <cstddef>
#include <cstdlib>

namespace mizzen::zmtp {

/// Gives memory to connections and messages, or refuses it.
///
/// A refusal is a null pointer; the connection that asked then fails with `errc::not_enough_memory`
/// and nothing else happens. An allocator outlives every message that it gave memory to, and may be
/// called from whichever thread drops the last reference to a message.
class allocator {
public:
    allocator() = default;
    allocator(const allocator&) = delete;
    allocator& operator=(const allocator&) = delete;

    /// Memory for `size` octets, aligned for any fundamental type; null refuses.
    [[nodiscard]] virtual void* allocate(std::size_t size) noexcept = 0;
    /// Takes back what `allocate(size)` gave.
    virtual void deallocate(void* memory, std::size_t size) noexcept = 0;

protected:
    // Never destroyed through this base. Inline, so that a user's subclass may be compiled with
    // RTTI while the library was not.
    ~allocator() = default;
};

/// The C heap: stateless, usable from any thread.
class heap_allocator final : public allocator {
public:
    [[nodiscard]] void* allocate(std::size_t size) noexcept override { return std::malloc(size); }
    void deallocate(void* memory, std::size_t /*size*/) noexcept override { std::free(memory); }
};

/// The allocator that everything uses unless told otherwise.
[[nodiscard]] allocator& default_allocator() noexcept;

} // namespace mizzen::zmtp
