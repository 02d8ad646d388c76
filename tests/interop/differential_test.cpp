// The same octets to a listener of ours and to one of libzmq's: hand-written cases and mutations of
// valid sessions. Both have to say the same of them, or a known difference explains why not.
#include "differential.hpp"
#include "differential_cases.hpp"
#include "differential_known.hpp"
#include "differential_mutations.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace mizzen::testing::differential;
using mizzen::testing::parts;
using mizzen::zmtp::testing::hex;

constexpr std::array<std::string_view, 3> verdict_names{"waiting", "alive", "closed"};

std::string text_of(const outcome& o) {
    std::string out{verdict_names[static_cast<std::size_t>(o.verdict)]};
    for (const parts& message : o.messages) {
        out += " [";
        for (const std::string& part : message)
            out += ' ' + hex(mizzen::zmtp::as_octets(part));
        out += " ]";
    }
    return out;
}

// Enough of it to see what it is.
std::string shortened(const std::string& text) {
    constexpr std::size_t enough = 3000;
    return text.size() <= enough ? text : text.substr(0, enough) + "...";
}

std::string described(const result& r) {
    std::string out = r.what.name + " to " + std::string{r.what.to.name};
    out += "\n  stream " + shortened(hex(octets{r.what.stream}));
    out += "\n  libzmq " + shortened(text_of(r.them));
    out += "\n  mizzen " + shortened(text_of(r.us));
    if (r.us.verdict == state::closed)
        out += " (" + mizzen::zmtp::make_error_code(r.us.why).message() + " at " +
               std::to_string(r.us.failed_at) + ")";
    return out;
}

// --- Running them ---

class report {
public:
    void run(std::span<const trial> trials) {
        constexpr std::size_t batch = 150; // of four descriptors each
        for (; !trials.empty(); trials = trials.subspan(std::min(batch, trials.size())))
            run_batch(trials.first(std::min(batch, trials.size())));
    }
    void finish(bool every_entry) {
        std::string summary = std::to_string(cases_) + " cases (of which we say";
        for (std::size_t i = 0; i < verdicts_.size(); ++i)
            summary += ' ' + std::to_string(verdicts_[i]) + ' ' + std::string{verdict_names[i]};
        summary += "), " + std::to_string(equal_) + " equal";
        for (const difference& d : known) {
            summary += ", " + std::to_string(explained_[d.name]) + " " + std::string{d.name};
            if (every_entry)
                CHECK_MESSAGE(explained_[d.name] != 0, std::string{d.name},
                              " explains nothing: ", std::string{d.reason});
        }
        MESSAGE(summary, ", ", unexplained_, " unexplained");
    }

private:
    void run_batch(std::span<const trial> trials) {
        std::vector<trial> again;
        for (const result& r : compare(trials, wait)) {
            ++cases_;
            ++verdicts_[static_cast<std::size_t>(r.us.verdict)];
            if (!count(r))
                again.push_back(r.what);
        }
        // On a machine that is busy elsewhere, libzmq may not have had the time.
        if (again.empty())
            return;
        for (const result& r : compare(again, longest_wait)) {
            if (count(r))
                continue;
            ++unexplained_;
            FAIL_CHECK(described(r));
        }
    }
    bool count(const result& r) {
        if (r.us.verdict == r.them.verdict && r.us.messages == r.them.messages) {
            ++equal_;
            return true;
        }
        const difference* const why = explanation(r);
        if (why != nullptr)
            ++explained_[why->name];
        return why != nullptr;
    }
    static std::vector<result> compare(std::span<const trial> trials,
                                       std::chrono::milliseconds quiet) {
        const std::vector<outcome> them = theirs(trials, quiet);
        std::vector<result> out;
        out.reserve(trials.size());
        for (std::size_t i = 0; i < trials.size(); ++i)
            out.push_back({trials[i], probed(trials[i], i), ours(trials[i], i, them[i]), them[i]});
        return out;
    }

    std::size_t cases_ = 0;
    std::array<std::size_t, verdict_names.size()> verdicts_{};
    std::size_t equal_ = 0;
    std::size_t unexplained_ = 0;
    std::map<std::string_view, std::size_t> explained_;
};

std::size_t from_environment(const char* name, std::size_t otherwise) {
    const char* const value = std::getenv(name);
    return value == nullptr ? otherwise : std::strtoul(value, nullptr, 10);
}

TEST_CASE("hand-written streams: what libzmq says of them, or a difference that is known") {
    report all;
    all.run(hand_written());
    all.finish(true);
}

TEST_CASE("mutated sessions: what libzmq says of them, or a difference that is known") {
    const std::size_t count = from_environment("MIZZEN_DIFFERENTIAL_CASES", 2000);
    const std::size_t seed = from_environment("MIZZEN_DIFFERENTIAL_SEED", 1);
    report all;
    all.run(mutations(count, static_cast<std::uint32_t>(seed)));
    all.finish(false);
}

} // namespace
