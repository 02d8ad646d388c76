// Asks a Majordomo broker without any socket whether it has a service: the least that uses the
// patterns. Prints 404, which is how RFC 8 says no.
#include <mizzen/message.hpp>
#include <mizzen/patterns/majordomo/broker_core.hpp>

#include <iostream>

namespace majordomo = mizzen::majordomo;

int main() {
    const majordomo::time_point now{};
    majordomo::broker_core broker{majordomo::broker_options{}, now};
    broker.peer_up(1);
    broker.receive(1, mizzen::message{"", "MDPC01", "mmi.service", "echo"}, now);
    majordomo::broker_core::output answer;
    if (!broker.next_output(answer))
        return 1;
    std::cout << answer.m.text(answer.m.size() - 1) << '\n';
}
