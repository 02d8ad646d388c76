// The one place where Asio's own code is compiled; everything else sees declarations only.
#include <asio/impl/src.hpp>
