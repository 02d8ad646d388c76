// What both ends are configured with.
#include "security.hpp"

#include <mizzen/zmtp/error.hpp>

namespace mizzen::curve {

end_security::end_security(const secret_key* own) noexcept {
    if (own == nullptr)
        return;
    has_own_ = true;
    own_.secret = *own;
    usable_ = public_of(own_.secret, own_.open);
}

std::error_code end_security::check() const noexcept {
    return usable_ ? std::error_code{} : zmtp::errc::not_enough_memory;
}

} // namespace mizzen::curve
