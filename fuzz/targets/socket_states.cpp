// Holds: whatever sockets are made to do over a network that delays and cuts, in whatever order,
// messages come once at most and in their order, queues stay within their marks and counters add
// up, as sim/play.hpp has it.
#include "support/must.hpp"

#include <play.hpp> // of tests/sim

#include <cstddef>
#include <cstdint>
#include <stdexcept>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        mizzen::sim::play({data, size});
    } catch (const std::logic_error& broken) {
        mizzen::fuzz::must(false, broken.what());
    }
    return 0;
}
