// What all authenticators have in common.
#include <mizzen/authentication.hpp>

#include <algorithm>
#include <utility>

namespace mizzen {
namespace {

class function_authenticator final : public authenticator {
public:
    using function = std::function<void(const authentication_request&, answer_handler)>;

    explicit function_authenticator(function judge) : judge_{std::move(judge)} {}
    void authenticate(const authentication_request& request, answer_handler done) override {
        if (judge_)
            judge_(request, std::move(done));
    }

private:
    function judge_;
};

} // namespace

void authenticator::watch(const std::weak_ptr<rules_watcher>& watcher) {
    const auto same = [&](const std::weak_ptr<rules_watcher>& other) {
        return !watcher.owner_before(other) && !other.owner_before(watcher);
    };
    const std::lock_guard lock{mutex_};
    std::erase_if(watchers_, [](const auto& each) { return each.expired(); });
    if (std::none_of(watchers_.begin(), watchers_.end(), same))
        watchers_.push_back(watcher);
}

void authenticator::rules_changed() noexcept {
    const std::lock_guard lock{mutex_};
    for (const auto& each : watchers_)
        if (const auto watcher = each.lock())
            watcher->rules_changed();
}

std::shared_ptr<authenticator> make_authenticator(function_authenticator::function judge) {
    return std::make_shared<function_authenticator>(std::move(judge));
}

} // namespace mizzen
