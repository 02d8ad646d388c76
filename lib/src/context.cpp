// The context that sockets share.
#include "inproc.hpp"
#include <mizzen/context.hpp>

namespace mizzen {

context::context() : names_{std::make_shared<detail::inproc_names>()} {}
context::~context() = default;

context& context::instance() {
    static auto* const shared = new context; // sockets may outlive whatever is destroyed at exit
    return *shared;
}

} // namespace mizzen
