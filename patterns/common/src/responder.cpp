// Answers that find their way, once.
#include <mizzen/patterns/common/responder.hpp>

#include <utility>

namespace mizzen::patterns {

responder::responder(std::weak_ptr<answer_sink> to, std::uint64_t request) noexcept
    : to_{std::move(to)}, request_{request} {}

responder& responder::operator=(responder&& other) noexcept {
    if (this != &other) {
        fail("the handler gave no answer");
        to_ = std::move(other.to_);
        request_ = other.request_;
    }
    return *this;
}

responder::~responder() { fail("the handler gave no answer"); }

void responder::reply(message body) {
    if (const auto sink = std::exchange(to_, {}).lock())
        sink->reply(request_, std::move(body));
}
void responder::fail(std::string_view why) {
    if (const auto sink = std::exchange(to_, {}).lock())
        sink->fail(request_, why);
}

} // namespace mizzen::patterns
