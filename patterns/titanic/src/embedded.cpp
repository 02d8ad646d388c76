// Between Titanic's services and the broker that they are inside of.
#include "service_shell.hpp"
#include <mizzen/patterns/titanic/embedded.hpp>
#include <mizzen/patterns/titanic/wire.hpp>

#include <array>
#include <utility>

namespace mizzen::titanic {
namespace {

using majordomo::broker_core;
using patterns::status;

attempt_end end_of(const broker_core::result& result) noexcept {
    if (result.outcome == status::ok)
        return attempt_end::answered;
    return result.tried && result.outcome != status::stopping ? attempt_end::failed
                                                              : attempt_end::not_tried;
}

} // namespace

class embedded::shell final : public service_shell {
public:
    shell(majordomo::broker& inside, std::unique_ptr<store> kept, const service_options& options)
        : service_shell{inside.get_executor(), std::move(kept), options}, broker_{inside} {}
    shell(const shell&) = delete;
    shell& operator=(const shell&) = delete;
    ~shell() override = default;

    void serve() {
        open();
        for (const std::string_view name : titanic_services)
            broker_.serve_internal(name, [weak = weak_from_this()](broker_core::call&& asked) {
                if (const auto self = std::static_pointer_cast<shell>(weak.lock()))
                    self->take(std::move(asked));
            });
    }

    /// Clients whose calls will not be answered do not wait for that.
    void end_calls() {
        for (const std::string_view name : titanic_services)
            broker_.end_calls(name);
    }

private:
    /// Nobody gets at a service by way of Titanic that it may not call itself.
    void take(broker_core::call&& asked) {
        const service_call what = parse_call(asked.service, asked.body);
        if (!what.target.empty() && !broker_.may_call(asked.user, what.target))
            return broker_.answer(
                asked.id, message{"the broker's rules do not allow it to call that service"},
                status::not_authorised);
        call(asked.id, asked.service, std::move(asked.body));
    }
    void answer(service_core::answer&& what) override {
        broker_.answer(what.call, std::move(what.body));
    }
    void dispatch(service_core::dispatch&& what) override {
        broker_.issue(
            what.service, std::move(what.body), {milliseconds{0}, what.limit},
            [weak = weak_from_this(), attempt = what.attempt](broker_core::result result) {
                if (const auto self = weak.lock())
                    self->attempt_ended(attempt, end_of(result), std::move(result.body));
            });
    }

    majordomo::broker& broker_;
};

embedded::embedded(majordomo::broker& inside, std::unique_ptr<store> kept,
                   const service_options& options)
    : shell_{std::make_shared<shell>(inside, std::move(kept), options)} {
    shell_->serve();
}

embedded& embedded::operator=(embedded&& other) noexcept {
    if (this != &other) {
        if (shell_)
            abandon();
        shell_ = std::move(other.shell_);
    }
    return *this;
}

embedded::~embedded() {
    if (shell_)
        abandon();
}

void embedded::abandon() noexcept {
    if (shell_->closed())
        return;
    shell_->abandon();
    shell_->end_calls();
}

void embedded::drain() { shell_->drain(); }
void embedded::close(std::error_code& ec) {
    ec.clear();
    if (shell_->closed())
        return;
    shell_->close(ec);
    shell_->end_calls();
}
const service_stats& embedded::stats() const noexcept { return shell_->stats(); }
store_stats embedded::kept() const noexcept { return shell_->kept(); }
std::error_code embedded::failure() const noexcept { return shell_->failure(); }

} // namespace mizzen::titanic
