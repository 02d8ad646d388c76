// Holds: whatever a broker says to a Majordomo worker, the handler is given nothing but requests,
// what goes out is what the RFCs have words for, and the worker serves the next broker that
// behaves.
#include "support/must.hpp"

#include <majordomo_input.hpp> // of tests/sim

#include <cstddef>
#include <cstdint>
#include <stdexcept>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        mizzen::sim::worker_input({data, size});
    } catch (const std::logic_error& broken) {
        mizzen::fuzz::must(false, broken.what());
    }
    return 0;
}
