// Read once for the tests of lib/ and patterns/: wire_pch.hpp and Asio.
#include "wire_pch.hpp"

#include <asio.hpp>
