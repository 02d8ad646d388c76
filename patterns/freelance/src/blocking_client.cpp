// Blocking clients: threads that wait for an asynchronous one.
#include "hosted_client.hpp"
#include <mizzen/patterns/freelance/blocking.hpp>
#include <mizzen/patterns/freelance/client.hpp>

namespace mizzen::freelance::blocking {

class client_state final : public patterns::hosted<freelance::client> {
public:
    client_state(const client_options& options, const context& shared) : hosted{shared, options} {}

    void disconnect(std::string_view endpoint, std::error_code& ec) {
        loop().call([&] {
            ec = why_closed();
            if (!ec)
                component().disconnect(endpoint, ec);
        });
    }
};

void client::disconnect(std::string_view endpoint, std::error_code& ec) {
    state().disconnect(endpoint, ec);
}
void client::disconnect(std::string_view endpoint) {
    patterns::or_throw("disconnect", [&](std::error_code& ec) { disconnect(endpoint, ec); });
}

} // namespace mizzen::freelance::blocking

template class mizzen::patterns::blocking_client<mizzen::freelance::blocking::client_state,
                                                 mizzen::freelance::client_options,
                                                 mizzen::freelance::client_stats>;
