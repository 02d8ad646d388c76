// Blocking clients: threads that wait for an asynchronous one.
#include "hosted_client.hpp"
#include <mizzen/patterns/lazy_pirate/blocking.hpp>
#include <mizzen/patterns/lazy_pirate/client.hpp>

namespace mizzen::lazy_pirate::blocking {

class client_state final : public patterns::hosted<lazy_pirate::client> {
public:
    client_state(const client_options& options, const context& shared) : hosted{shared, options} {}
};

} // namespace mizzen::lazy_pirate::blocking

template class mizzen::patterns::blocking_client<mizzen::lazy_pirate::blocking::client_state,
                                                 mizzen::lazy_pirate::client_options,
                                                 mizzen::lazy_pirate::client_stats>;
