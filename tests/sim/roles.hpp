// What clients ask and what handlers do in a history, whatever the pattern.
#pragma once

#include "ledger.hpp"
#include "node.hpp"

#include <initializer_list>
#include <map>
#include <string>
#include <system_error>

namespace mizzen::sim {

/// How a worker's handler does its work.
struct handling {
    milliseconds longest{100};
    std::size_t fails_one_in = 0; ///< 0: never.
    std::size_t most_parts = 0;   ///< Before the answer itself.
};

/// One request at a handler.
struct work {
    milliseconds takes;
    bool fails;
    int parts;
    message answer;
};
/// Writes down that it runs.
[[nodiscard]] work begin_work(const message& body, const handling& how, world& in, ledger& book);

/// What a client asks, and how often.
struct asking {
    std::string service{}; ///< Of Majordomo.
    int requests = 10;
    int at_once = 1;
    milliseconds longest_pause{100};
    bool cannot_fail = false;
    bool hears_parts = false;
};

/// How one ends whose client is told `ec`; the codes in `abandoned` say that nobody knows.
[[nodiscard]] ending ending_of(std::error_code ec,
                               std::initializer_list<std::error_code> abandoned);

/// Of requests that may fail.
inline constexpr std::size_t cancels_one_in = 20;

/// A client, which asks one request after another and writes down what becomes of each.
class asker : public node {
public:
    asker(world& in, host_id host, const asking& asks, ledger& book, made_of& total);
    ~asker() override;

    /// One request more, at once.
    void ask_one_more() {
        ++left_to_ask_;
        ask();
    }
    [[nodiscard]] bool may_dawdle() const noexcept override { return true; }
    [[nodiscard]] bool idle() const noexcept override {
        return asked_.empty() && left_to_ask_ == 0;
    }

protected:
    /// Has the core start a request, under a number that no other has; act() follows.
    [[nodiscard]] virtual std::uint64_t start(message&& body) = 0;
    /// Does what the core says.
    virtual void act() = 0;

    /// A message goes on the wire, with whatever requests are in it.
    void note_sent(const message& m);
    void heard_part(std::uint64_t request, const message& m);
    virtual void over(std::uint64_t request, ending how, const message& m);
    [[nodiscard]] bool is_open(std::uint64_t request) const { return asked_.contains(request); }
    [[nodiscard]] const asking& asks() const noexcept { return asks_; }
    [[nodiscard]] made_of& total() noexcept { return total_; }

private:
    void ask();

    asking asks_;
    ledger& book_;
    made_of& total_;
    std::map<std::uint64_t, ledger::number> asked_;
    int left_to_ask_;
};

} // namespace mizzen::sim
