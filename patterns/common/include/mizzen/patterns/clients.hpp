// All clients that patterns::request_client describes, so that a program can change its mind.
#pragma once

#include <mizzen/patterns/binary_star/client.hpp>
#include <mizzen/patterns/common/request_client.hpp>
#include <mizzen/patterns/freelance/blocking.hpp>
#include <mizzen/patterns/freelance/client.hpp>
#include <mizzen/patterns/lazy_pirate/blocking.hpp>
#include <mizzen/patterns/lazy_pirate/client.hpp>
#include <mizzen/patterns/majordomo/blocking.hpp>
#include <mizzen/patterns/majordomo/client.hpp>
