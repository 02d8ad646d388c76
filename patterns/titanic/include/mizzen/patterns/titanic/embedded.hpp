// Titanic inside a Majordomo broker, where it costs no further hop.
#pragma once

#include <mizzen/patterns/majordomo/broker.hpp>
#include <mizzen/patterns/titanic/service_options.hpp>
#include <mizzen/patterns/titanic/store.hpp>

#include <memory>
#include <system_error>

namespace mizzen::titanic {

/// Serves titanic.request, .submit, .reply and .close in a broker, from its construction to close()
/// or its end. It has one thread, which blocks on the disk and does nothing else.
///
/// To stop without loss of what is at hand:
///
///     titanic.drain();
///     broker.drain(limit, [&] { std::error_code ec; titanic.close(ec); });
///
/// Threads    All calls are made on the broker's executor.
/// Lifetime   The broker outlives it. Destroying one that was not closed is like a crash: nothing
///            that was acknowledged is lost, and the next start takes a little longer.
class embedded {
public:
    embedded(majordomo::broker& inside, std::unique_ptr<store> kept,
             const service_options& options = {});
    embedded(embedded&&) noexcept = default;
    embedded& operator=(embedded&& other) noexcept;
    embedded(const embedded&) = delete;
    embedded& operator=(const embedded&) = delete;
    ~embedded();

    /// Takes no new requests, and sends none to services any more.
    void drain();
    /// Commits what is left, in place, and closes the store. Calls that were not answered end as
    /// with a broker that stops.
    void close(std::error_code& ec);

    [[nodiscard]] const service_stats& stats() const noexcept;
    [[nodiscard]] store_stats kept() const noexcept;
    /// Why the store takes nothing any more, if so.
    [[nodiscard]] std::error_code failure() const noexcept;

private:
    class shell;
    void abandon() noexcept;

    std::shared_ptr<shell> shell_;
};

} // namespace mizzen::titanic
