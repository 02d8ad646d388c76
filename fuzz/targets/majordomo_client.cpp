// Holds: whatever a broker says to a Majordomo client, each request ends once, with nothing but a
// reply to it or with an error, and the client gets its answer from a broker that behaves.
#include "support/must.hpp"

#include <majordomo_input.hpp> // of tests/sim

#include <cstddef>
#include <cstdint>
#include <stdexcept>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        mizzen::sim::client_input({data, size});
    } catch (const std::logic_error& broken) {
        mizzen::fuzz::must(false, broken.what());
    }
    return 0;
}
