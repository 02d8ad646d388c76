// The answer to a request that a handler was given.
#pragma once

#include <mizzen/message.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace mizzen::patterns {

/// Where answers go: whoever ran the handler.
class answer_sink {
public:
    answer_sink() = default;
    answer_sink(const answer_sink&) = delete;
    answer_sink& operator=(const answer_sink&) = delete;

    virtual void reply(std::uint64_t request, message&& body) = 0;
    virtual void fail(std::uint64_t request, std::string_view why) = 0;

protected:
    ~answer_sink() = default;
};

/// The answer to one request, to be given once: now, or later on the sink's executor. Destroying
/// one that was not used is a failure. It may outlive the sink, and then does nothing.
class responder {
public:
    responder(std::weak_ptr<answer_sink> to, std::uint64_t request) noexcept;
    responder(responder&&) noexcept = default;
    responder& operator=(responder&& other) noexcept;
    responder(const responder&) = delete;
    responder& operator=(const responder&) = delete;
    ~responder();

    void reply(message body);
    /// What becomes of `why` depends on the pattern.
    void fail(std::string_view why);

private:
    std::weak_ptr<answer_sink> to_; ///< Empty once the answer was given.
    std::uint64_t request_ = 0;
};

/// Gets a request's body. An exception that leaves it is a failure.
using request_handler = std::function<void(message body, responder answer)>;

} // namespace mizzen::patterns
