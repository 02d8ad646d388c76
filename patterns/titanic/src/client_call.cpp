// Which question comes after which answer.
#include <mizzen/patterns/majordomo/error.hpp>
#include <mizzen/patterns/titanic/client_call.hpp>
#include <mizzen/patterns/titanic/error.hpp>
#include <mizzen/patterns/titanic/wire.hpp>

#include <algorithm>
#include <utility>

namespace mizzen::titanic {
namespace {

constexpr std::string_view lookup = "mmi.service"; // RFC 8

/// Whether waiting may help: a broker that is away may come back.
bool may_pass(std::error_code ec) noexcept {
    if (ec.category() != majordomo::error_category())
        return false;
    switch (static_cast<majordomo::errc>(ec.value())) {
    case majordomo::errc::cancelled:
    case majordomo::errc::not_authorised:
    case majordomo::errc::malformed_request: return false;
    default: return true;
    }
}

message text_of(const service_answer& answer) {
    return answer.text.empty() ? message{} : message{answer.text};
}

} // namespace

client_call::client_call(about what, const client_options& options, submission& found,
                         std::uint64_t seed, time_point now)
    : about_{std::move(what)}, options_{options}, found_{found}, phase_{phase::polling},
      back_off_{options.pause, options.pause_max, patterns::back_off::jitter::some, seed} {
    if (about_.limit.count() > 0)
        end_ = now + about_.limit;
    switch (about_.what) {
    case goal::submit:
    case goal::request:
        phase_ = found_ == submission::find_out ? phase::looking_for_submit : phase::submitting;
        break;
    case goal::poll:
    case goal::wait: break;
    case goal::close: phase_ = phase::closing; break;
    }
}

client_call::action client_call::next(time_point now) {
    switch (phase_) {
    case phase::looking_for_submit: return ask(lookup, message{submit_service}, now);
    case phase::looking_for_request: return ask(lookup, message{request_service}, now);
    case phase::polling: return ask(reply_service, make_inquiry(about_.id), now);
    case phase::closing: return ask(close_service, make_inquiry(about_.id), now);
    case phase::submitting: break;
    }
    if (about_.body.empty() || !valid_target(about_.service))
        return end(majordomo::errc::malformed_request);
    message body = about_.body.share();
    if (body.empty())
        return end(std::make_error_code(std::errc::not_enough_memory));
    if (found_ != submission::plain) {
        frame_submit(body, about_.service, about_.id);
        return ask(submit_service, std::move(body), now);
    }
    frame_request(body, about_.service);
    action plain = ask(request_service, std::move(body), now);
    if (plain.what == step::ask)
        plain.retries = options_.plain_retries;
    return plain;
}

client_call::action client_call::answered(std::error_code ec, message&& answer, time_point now) {
    if (ec)
        return unanswered(ec, std::move(answer), now);
    switch (phase_) {
    case phase::looking_for_submit:
    case phase::looking_for_request: return looked(answer, now);
    case phase::submitting: return submitted(std::move(answer), now);
    case phase::polling: return polled(std::move(answer), now);
    case phase::closing: break;
    }
    return closed(answer, now);
}

// A broker without RFC 8 may have a Titanic that knows what RFC 9 has, and no more.
client_call::action client_call::looked(const message& answer, time_point now) {
    const std::string_view code = answer.empty() ? std::string_view{} : answer.text(0);
    const bool for_submit = phase_ == phase::looking_for_submit;
    if (code == "404") {
        phase_ = for_submit ? phase::looking_for_request : phase::looking_for_submit;
        return for_submit ? next(now) : retry(errc::no_titanic, {}, now);
    }
    found_ = code == "200" && for_submit ? submission::by_id : submission::plain;
    phase_ = phase::submitting;
    return next(now);
}

client_call::action client_call::submitted(message&& answer, time_point now) {
    const service_answer read = parse_answer(answer);
    if (!read.status)
        return end(errc::bad_answer);
    switch (*read.status) {
    case service_status::refused: return end(errc::refused, text_of(read));
    case service_status::pending: // of which RFC 9 knows nothing here
    case service_status::failed: return retry(errc::server_failed, text_of(read), now);
    case service_status::ok: break;
    }
    if (!read.id || (found_ != submission::plain && *read.id != about_.id))
        return end(errc::bad_answer);
    about_.id = *read.id;
    about_.body = {};
    if (about_.what == goal::submit)
        return end({}, make_inquiry(about_.id));
    phase_ = phase::polling;
    tries_ = 0;
    back_off_.reset();
    return pause(errc::pending, {}, now); // no service answers that fast
}

client_call::action client_call::polled(message&& answer, time_point now) {
    const service_answer read = parse_answer(answer);
    if (!read.status)
        return end(errc::bad_answer);
    const bool once = about_.what == goal::poll;
    switch (*read.status) {
    case service_status::pending:
        tries_ = 0;
        return once ? end(errc::pending) : pause(errc::pending, {}, now);
    case service_status::refused: return end(errc::unknown_request, text_of(read));
    case service_status::failed:
        return once ? end(errc::server_failed, text_of(read))
                    : retry(errc::server_failed, text_of(read), now);
    case service_status::ok: break;
    }
    answer.pop_front();
    if (about_.what != goal::request)
        return end({}, std::move(answer));
    reply_ = std::move(answer);
    phase_ = phase::closing;
    tries_ = 0;
    return next(now);
}

client_call::action client_call::closed(const message& answer, time_point now) {
    const service_answer read = parse_answer(answer);
    if (read.status == service_status::ok)
        return end({}, std::move(reply_));
    if (!read.status)
        return end(errc::bad_answer);
    if (read.status == service_status::refused)
        return end(errc::refused, text_of(read));
    return retry(errc::server_failed, text_of(read), now);
}

// A broker that was left for another may have had another kind of Titanic.
client_call::action client_call::unanswered(std::error_code ec, message&& why, time_point now) {
    if (phase_ == phase::submitting)
        found_ = options_.how;
    const bool waits = about_.what == goal::wait || about_.what == goal::request;
    if (phase_ == phase::polling && waits && may_pass(ec))
        return pause(ec, std::move(why), now);
    return end(ec, std::move(why));
}

client_call::action client_call::ask(std::string_view service, message&& body,
                                     time_point now) const {
    action out;
    out.what = step::ask;
    out.service = service;
    out.body = std::move(body);
    if (end_)
        out.limit = std::max(std::chrono::ceil<milliseconds>(*end_ - now), milliseconds{1});
    return out;
}

client_call::action client_call::retry(std::error_code ec, message&& why, time_point now) {
    if (tries_++ >= options_.retries)
        return end(ec, std::move(why));
    return pause(ec, std::move(why), now);
}

client_call::action client_call::pause(std::error_code otherwise, message&& why, time_point now) {
    if (end_ && now >= *end_)
        return end(otherwise, std::move(why));
    action out;
    out.what = step::pause;
    out.pause = back_off_.next();
    if (end_)
        out.pause = std::min(out.pause, std::chrono::ceil<milliseconds>(*end_ - now));
    return out;
}

// A reply that was fetched is the result, whether or not Titanic could be told to forget it.
client_call::action client_call::end(std::error_code ec, message&& result) {
    const bool fetched = phase_ == phase::closing && about_.what == goal::request;
    action out;
    out.ec = fetched ? std::error_code{} : ec;
    out.body = fetched && ec ? std::move(reply_) : std::move(result);
    return out;
}

} // namespace mizzen::titanic
