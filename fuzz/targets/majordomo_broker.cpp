// Holds: whatever peers say to a Majordomo broker, each message is counted, what goes out is what
// the RFCs allow towards just that peer, and a client and a worker that behave are served all the
// while.
#include "support/must.hpp"

#include <majordomo_input.hpp> // of tests/sim

#include <cstddef>
#include <cstdint>
#include <stdexcept>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        mizzen::sim::broker_input({data, size});
    } catch (const std::logic_error& broken) {
        mizzen::fuzz::must(false, broken.what());
    }
    return 0;
}
