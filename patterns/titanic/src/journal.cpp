// Opens a journal: recovery, a repair if it is wanted, and recovery again.
#include "journal_recovery.hpp"
#include "journal_store.hpp"
#include <mizzen/patterns/titanic/error.hpp>
#include <mizzen/patterns/titanic/journal.hpp>

#include <memory>
#include <utility>

namespace mizzen::titanic {
namespace {

bool make_sense(const journal_options& options) noexcept {
    const std::uint64_t segment = options.segment_octets;
    return segment >= 4096 && segment <= segment_header::max_octets && segment % 8 == 0 &&
           options.max_body_octets >= 256 &&
           options.max_body_octets <= segment / 4 - record::header_size - record::alignment &&
           options.max_requests != 0 && options.max_requests < index_entry::none &&
           options.sync_interval.count() >= 0 && options.retention.count() >= 0;
}

class opening {
public:
    opening(std::shared_ptr<directory> where, const journal_options& options,
            recovery_report& report)
        : where_{std::move(where)}, options_{options}, report_{report} {}

    std::unique_ptr<store> open(wall_time now, std::error_code& ec) {
        const bool looks = options_.access == journal_access::inspect;
        if (!looks)
            where_->lock(ec);
        if (ec)
            return nullptr;
        recover(ec);
        if (!ec && recovery_->found_damage() && options_.access == journal_access::repair)
            repair(ec);
        if (ec)
            return nullptr;
        if (looks || recovery_->found_damage()) {
            store_->make_read_only();
            return std::move(store_);
        }
        recovery_->settle(ec);
        if (!ec)
            store_->start(now, ec);
        return ec ? nullptr : std::move(store_);
    }

private:
    void recover(std::error_code& ec) {
        // Without the lock, segments may be dropped between their names and their contents.
        for (int attempts = 5; attempts != 0; --attempts) {
            report_ = {};
            store_ = std::make_unique<journal_store>(where_, options_);
            recovery_ = std::make_unique<journal_recovery>(*store_, report_, options_.access);
            ec.clear();
            recovery_->run(ec);
            if (ec != std::errc::no_such_file_or_directory)
                return;
        }
    }
    void repair(std::error_code& ec) {
        recovery_->repair(ec);
        const recovery_report found = report_;
        if (!ec)
            recover(ec);
        if (!ec && recovery_->found_damage())
            ec = make_error_code(errc::not_repairable);
        report_.repaired = !ec;
        report_.damages = found.damages;
        report_.damaged = found.damaged;
    }

    std::shared_ptr<directory> where_;
    const journal_options& options_;
    recovery_report& report_;
    std::unique_ptr<journal_store> store_;
    std::unique_ptr<journal_recovery> recovery_;
};

} // namespace

std::unique_ptr<store> open_journal(std::unique_ptr<directory> where,
                                    const journal_options& options, wall_time now,
                                    recovery_report& report, std::error_code& ec) {
    report = {};
    ec.clear();
    if (!make_sense(options)) {
        ec = make_error_code(errc::bad_options);
        return nullptr;
    }
    return opening{std::move(where), options, report}.open(now, ec);
}

} // namespace mizzen::titanic
