// Titanic inside a broker that is half of a pair, with a store that both halves can reach.
#pragma once

#include <mizzen/patterns/majordomo/broker.hpp>
#include <mizzen/patterns/titanic/service_options.hpp>
#include <mizzen/patterns/titanic/store.hpp>

#include <functional>
#include <memory>
#include <system_error>

namespace mizzen::titanic {

/// Opens the store. Called on a thread of its own, again after each errc::locked; null and `ec` if
/// it cannot be had.
using store_source = std::function<std::unique_ptr<store>(std::error_code& ec)>;

struct paired_options {
    service_options services;
    milliseconds lock_wait{1000}; ///< For whoever has the store to close it, until open() fails.
    milliseconds lock_retry{50};
};

/// Has the store open while its half is active, and no longer. Made for a star's hooks:
///
///     hooks.fence = [&](reason, auto answer) { // behind a fence of the program's own, if any
///         titanic.open([answer](std::error_code ec) { answer(!ec); });
///     };
///     hooks.activated = [&] { titanic.begin(); };
///     hooks.drain = [&](auto done) {
///         titanic.drain();
///         broker.make_passive();
///         broker.when_idle(done);
///     };
///     hooks.resumed = [&] { titanic.reopen(); };
///     hooks.deactivated = [&] {
///         std::error_code ec;
///         broker.make_passive();
///         titanic.close(ec);
///     };
///     broker.stand_by([&] { return half.vote() == star::verdict::serve && titanic.is_open(); });
///
/// A star calls `deactivated` before it tells the peer, which so finds the store closed.
///
/// Threads    All calls are made on the broker's executor. While a store is opened, and while one
///            is open, there is a thread that blocks on the disk.
/// Lifetime   The broker outlives it. Destroying one waits for an opening to end.
class paired {
public:
    paired(majordomo::broker& inside, store_source open, const paired_options& options = {});
    paired(const paired&) = delete;
    paired& operator=(const paired&) = delete;
    ~paired();

    /// `done` is called once, on the executor, not from within this, and not at all if close() or
    /// another open() comes before. The store is closed again unless `done` leads to begin().
    void open(std::function<void(std::error_code)> done);
    /// Serves titanic.request and the like from now on.
    void begin();
    /// Takes no new requests, and sends none to services any more.
    void drain();
    /// After a drain that came to nothing: closes the store and begins again, as soon as it can.
    void reopen();
    /// Commits what is left, in place, and closes the store, whose lock is then free. Calls that
    /// were not answered end, and nothing more is opened.
    void close(std::error_code& ec);

    [[nodiscard]] bool is_open() const noexcept;
    [[nodiscard]] service_stats stats() const noexcept; ///< Since begin().
    [[nodiscard]] store_stats kept() const noexcept;

private:
    class shell;
    std::shared_ptr<shell> shell_;
};

} // namespace mizzen::titanic
