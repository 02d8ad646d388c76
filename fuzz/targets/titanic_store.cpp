// Holds: whatever a store's segments hold, it opens or says why not, and what it then tells can be
// read. What is damaged is told and left as it is, or repaired for good; a store that takes a
// request has it when it is opened again. Of any octets as a segment: steps go forward, within it.
#include "../../tests/support/titanic_disk.hpp"
#include "support/choices.hpp"
#include "support/must.hpp"
#include <mizzen/patterns/titanic/crc32c.hpp>
#include <mizzen/patterns/titanic/error.hpp>
#include <mizzen/patterns/titanic/journal.hpp>
#include <mizzen/patterns/titanic/journal_format.hpp>
#include <mizzen/patterns/titanic/segment_reader.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace mizzen::fuzz {
namespace {

using namespace titanic;
using titanic::test::bytes;
using titanic::test::loss;
using titanic::test::pretended_directory;
using titanic::test::pretended_disk;

constexpr std::size_t segment_octets = 4096;
constexpr wall_time now{milliseconds{1'000'000'000'000}};

void read_segment(octets segment, std::uint64_t first, segment_reader::place where) {
    segment_reader reader{segment, first, where};
    std::size_t at = segment_header::size;
    std::uint64_t sequence = 0;
    for (;;) {
        record read;
        const segment_reader::step step = reader.next(read);
        if (step == segment_reader::step::done)
            return;
        const segment_reader::range range = reader.where();
        must(range.begin >= at && range.end > range.begin && range.end <= segment.size(),
             "steps go forward, within the segment");
        at = range.end;
        must(step != segment_reader::step::torn || where == segment_reader::place::last,
             "only the last segment has a tail");
        if (step != segment_reader::step::record)
            continue;
        must(read.sequence > sequence, "records have an order");
        must(reader.end() == range.end && read.body.size() <= range.end - range.begin,
             "a record is where it was read");
        sequence = read.sequence;
    }
}

class builder {
public:
    explicit builder(choices from) : from_{from} {}

    /// Segments of records that are valid but for what is broken in them on purpose.
    std::vector<bytes> build() {
        begin();
        while (!from_.empty()) {
            const std::uint8_t what = from_.octet();
            if (what == 255 && segments_.size() < 3)
                begin();
            else
                add(what);
        }
        return std::move(segments_);
    }

private:
    void begin() {
        const std::uint8_t lost = from_.octet() % 4;
        const segment_header header{.number = segments_.size() + 1,
                                    .previous = sequence_,
                                    .first = sequence_ + 1,
                                    .octets = segment_octets};
        sequence_ += lost == 3 ? 1U : 0U;
        const segment_header_octets out = encode_segment_header(header);
        segments_.emplace_back(out.begin(), out.end());
        segments_.back().resize(segment_octets);
        at_ = out.size();
        if (lost != 0)
            segments_.back()[from_.octet() % 64] ^= static_cast<std::byte>(lost - 1);
    }
    void add(std::uint8_t what) {
        record r;
        r.type = static_cast<record_type>(1 + what % 8);
        r.aside = (what & 8) != 0;
        r.attempts = what >> 6;
        r.id[0] = static_cast<std::byte>(from_.octet() % 8);
        const octets body = from_.take(from_.octet());
        r.service_size = static_cast<std::uint16_t>(std::min<std::size_t>(body.size(), 4));
        r.unsynced = from_.octet();
        const std::uint8_t step = from_.octet();
        sequence_ += step > 250 ? step - 249U : 1U;
        r.sequence = sequence_;
        r.time = r.type == record_type::gap ? sequence_ += step % 4 : 1'000'000'000'000 + step;
        r.body_crc = r.digest = crc32c(body);
        const std::size_t size = record_size(body.size());
        if (at_ + size > segment_octets)
            return;
        std::byte* const to = segments_.back().data() + at_;
        encode_record_header(r, body.size(), to);
        std::copy(body.begin(), body.end(), to + record::header_size);
        if ((what & 16) != 0) {
            const std::size_t where = from_.octet() % size;
            to[where] ^= static_cast<std::byte>(from_.octet());
        }
        at_ += size;
    }

    choices from_;
    std::vector<bytes> segments_;
    std::size_t at_ = 0;
    std::uint64_t sequence_ = 0;
};

class opened {
public:
    explicit opened(const std::vector<bytes>& segments) {
        for (std::size_t i = 0; i < segments.size(); ++i) {
            const auto made = std::make_shared<pretended_disk::inode>();
            made->now = segments[i];
            disk_.files["journal-000000000000000" + std::to_string(i + 1)] = made;
        }
        options_.segment_octets = segment_octets;
        options_.max_body_octets = 900;
    }

    bool open(journal_access access) {
        kept_.reset();
        disk_.crash(loss::none, 1);
        disk_.room = 1 << 20; // a header may want a large segment
        options_.access = access;
        kept_ =
            open_journal(std::make_unique<pretended_directory>(disk_), options_, now, report_, ec_);
        must((kept_ != nullptr) == !ec_, "a store opens or says why not");
        must(!ec_ || ec_.category() == error_category() || ec_ == std::errc::no_space_on_device,
             "in its own words");
        if (kept_ != nullptr)
            look();
        return kept_ != nullptr;
    }
    [[nodiscard]] bool damaged() const { return report_.damages != 0; }
    [[nodiscard]] bool torn() const { return report_.torn.has_value(); }
    [[nodiscard]] std::vector<bytes> contents() const {
        std::vector<bytes> all;
        for (const auto& [name, each] : disk_.files)
            all.push_back(each->now);
        return all;
    }

    /// A request that goes in is there when the store is opened again, and nothing is wrong then.
    void use() {
        request_id id{};
        id[15] = std::byte{1};
        ticket mine = 0;
        for (int i = 0; i < 4 && mine == 0; ++i) {
            mine = kept_->append_request(id, "service", {}, now, ec_);
            settle();
        }
        must(mine != 0 && kept_->released() >= mine, "a store that is well takes a request");
        must(open(journal_access::normal), "and opens again");
        must(!damaged() && !torn(), "undamaged");
        must(kept_->find(id).has_value(), "with the request in it");
    }

private:
    void look() {
        for (const auto state :
             {request_state::open, request_state::done, request_state::set_aside})
            kept_->for_each(state, [this](const request_info& each) {
                bytes body;
                std::error_code ec;
                kept_->reader(each.id, ec).read(body, ec);
                must(!ec && body.size() == each.octets, "what is told can be read");
                return true;
            });
    }
    void settle() {
        for (int i = 0; i < 1000; ++i) {
            commit_job* const job = kept_->begin_commit(now);
            if (job == nullptr)
                return;
            job->run();
            kept_->end_commit(now);
            must(!kept_->failure(), "a disk that is well has no failures");
        }
        must(false, "commits come to an end");
    }

    pretended_disk disk_;
    journal_options options_;
    recovery_report report_;
    std::error_code ec_;
    std::unique_ptr<store> kept_;
};

void use(const std::vector<bytes>& segments) {
    opened store{segments};
    const std::vector<bytes> before = store.contents();
    const bool looks = store.open(journal_access::inspect);
    must(store.contents() == before, "looking changes nothing");
    const bool damaged = looks && store.damaged();
    const bool opens = store.open(journal_access::normal);
    must(opens == looks, "it opens in every way or in none");
    if (!opens)
        return;
    must(store.damaged() == damaged, "the same damage is found again");
    if (!damaged) {
        store.use();
        return;
    }
    must(store.contents() == before, "what is damaged is left as it is");
    if (store.open(journal_access::repair))
        store.use();
}

void run(choices from) {
    if (from.octet() % 2 == 0) {
        use(builder{from}.build());
        return;
    }
    const octets segment = from.rest();
    for (const std::uint64_t first : {0U, 1U, 3U}) {
        read_segment(segment, first, segment_reader::place::last);
        read_segment(segment, first, segment_reader::place::middle);
    }
    use({bytes{segment.begin(), segment.end()}});
}

} // namespace
} // namespace mizzen::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    mizzen::fuzz::run({data, size});
    return 0;
}
