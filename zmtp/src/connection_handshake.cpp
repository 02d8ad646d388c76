// From the greeting to the first message: what a connection does for its mechanism.
#include "command.hpp"
#include "saturate.hpp"
#include <mizzen/zmtp/connection.hpp>
#include <mizzen/zmtp/greeting.hpp>
#include <mizzen/zmtp/metadata.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace mizzen::zmtp {
namespace {

constexpr std::size_t max_routing_id = 255;
constexpr unsigned seen_socket_type = 1;
constexpr unsigned seen_identity = 2;

// 23/ZMTP, "Connection Metadata"; that it starts with X- makes it an application's.
bool valid_property(const property& p) noexcept {
    const auto allowed = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               std::string_view{"-_.+"}.find(c) != std::string_view::npos;
    };
    return p.name.size() >= 3 && p.name.size() <= 255 && same_property(p.name.substr(0, 2), "X-") &&
           std::all_of(p.name.begin(), p.name.end(), allowed) && p.value.size() <= largest_value;
}

bool valid_routing_id(octets id) noexcept {
    return id.size() <= max_routing_id && (id.empty() || id[0] != std::byte{0});
}

// Each property in turn, as it is announced.
template <class Function> void for_each_property(const config& cfg, Function use) {
    use(property{"Socket-Type", as_octets(name_of(cfg.type))});
    if (announces_identity(cfg.type))
        use(property{"Identity", cfg.routing_id});
    for (const property& p : cfg.properties)
        use(p);
}

std::size_t metadata_size(const config& cfg) noexcept {
    std::size_t size = 0;
    for_each_property(cfg, [&](const property& p) { size += encoded_property_size(p); });
    return size;
}

} // namespace

std::error_code check(const config& cfg) noexcept {
    if (!valid_routing_id(cfg.routing_id))
        return errc::invalid_routing_id;
    if (!std::all_of(cfg.properties.begin(), cfg.properties.end(), valid_property))
        return errc::malformed_metadata;
    constexpr std::size_t largest_name = 16; // of the command, INITIATE say, and its length
    if (metadata_size(cfg) + largest_name + cfg.mechanism->handshake_overhead() >
        cfg.limit.max_command_size)
        return errc::command_too_large;
    return cfg.mechanism->check();
}

// --- What has come ---

void connection::read_greeting() noexcept {
    std::error_code wrong;
    std::size_t at = 0;
    const bool whole =
        check_greeting(decoder_.buffered(), config_->mechanism->name(), peer_minor_, at, wrong);
    if (wrong)
        return fail(static_cast<errc>(wrong.value()), at);
    if (!whole)
        return;
    decoder_.skip(greeting_size);
    state_ = state::handshake;
    handshake hands{*this};
    mechanism_->start(hands);
}

void connection::read_handshake() noexcept {
    while (state_ == state::handshake) {
        message early;
        std::error_code ec;
        const std::uint64_t at = decoder_.position();
        switch (decoder_.next(early, config_->limit, ec)) {
        case frame_decoder::result::need_input:
            if (decoder_.in_message()) // before a stranger's message takes more memory
                fail(errc::unexpected_frame, at);
            return;
        case frame_decoder::result::failed:
            if (decoder_.in_message()) // whatever is wrong behind its first frame
                return fail(errc::unexpected_frame, at);
            return fail(static_cast<errc>(ec.value()));
        case frame_decoder::result::message: return fail(errc::unexpected_frame, at);
        case frame_decoder::result::command:
            if (decoder_.in_message())
                return fail(errc::unexpected_frame, at);
            handshake_command(decoder_.command());
            decoder_.wipe_command(); // which may have had a password
            break;
        }
    }
}

void connection::handshake_command(octets body) noexcept {
    const std::uint64_t at = decoder_.command_position();
    // So libzmq's PLAIN server spells ERROR, by a C escape that swallowed the E.
    constexpr std::string_view misspelt_error = "\x5e"
                                                "RROR";
    if (as_text(body).starts_with(misspelt_error))
        return read_error(body.subspan(misspelt_error.size()), at + misspelt_error.size());
    std::string_view name;
    octets data;
    if (!split_command(body, name, data))
        return fail(errc::malformed_command, at);
    if (name == "ERROR")
        return read_error(data, at + 1 + name.size());
    handshake hands{*this};
    mechanism_->receive(name, data, hands);
}

void connection::read_error(octets reason, std::uint64_t at) noexcept {
    if (reason.empty() || std::to_integer<std::size_t>(reason[0]) > reason.size() - 1)
        return fail(errc::malformed_command, at);
    static_cast<void>(keep(reason.subspan(1, std::to_integer<std::size_t>(reason[0]))));
    fail(errc::refused_by_peer, at);
}

bool connection::keep(octets data) noexcept {
    metadata_ = block_ref{block::create(*memory_, data.size())};
    if (!metadata_)
        return false;
    if (!data.empty())
        std::memcpy(metadata_->data(), data.data(), data.size());
    return true;
}

void connection::read_metadata(octets data, std::uint64_t at) noexcept {
    if (!keep(data))
        return fail(errc::not_enough_memory, at);
    octets rest = peer_metadata();
    unsigned seen = 0;
    std::size_t values = 0;
    std::error_code ec;
    const auto here = [&] { return at + (data.size() - rest.size()); };
    std::uint64_t start = at;
    for (std::size_t count = 1; const auto found = next_property(rest, ec); ++count) {
        values += found->value.size();
        if (count > config_->limit.max_properties)
            fail(errc::too_many_properties, start);
        else if (values > config_->limit.max_metadata_size)
            fail(errc::metadata_too_large, start);
        else
            read_property(*found, start, seen);
        if (state_ == state::closed)
            return;
        start = here();
    }
    if (ec)
        return fail(static_cast<errc>(ec.value()), start);
    if ((seen & seen_socket_type) == 0)
        fail(errc::missing_socket_type, at);
}

void connection::read_property(const property& found, std::uint64_t at, unsigned& seen) noexcept {
    if (same_property(found.name, "Socket-Type")) {
        const auto type = socket_type_named(as_text(found.value));
        if ((seen & seen_socket_type) != 0)
            return fail(errc::duplicate_property, at);
        seen |= seen_socket_type;
        if (!type || !compatible(config_->type, *type)) {
            send_error("incompatible socket type"); // 37/ZMTP: SHOULD; libzmq does not
            return fail(errc::incompatible_socket_type, at);
        }
        peer_type_ = *type;
    } else if (same_property(found.name, "Identity")) {
        if ((seen & seen_identity) != 0)
            return fail(errc::duplicate_property, at);
        seen |= seen_identity;
        if (!valid_routing_id(found.value))
            return fail(errc::invalid_routing_id, at);
        peer_routing_id_ = found.value;
    }
}

std::optional<octets> connection::peer_property(std::string_view name) const noexcept {
    octets rest = peer_metadata();
    std::error_code ec;
    while (const auto found = next_property(rest, ec))
        if (same_property(found->name, name))
            return found->value;
    return std::nullopt;
}

// --- What is said ---

octets connection::own_metadata() noexcept {
    if (!own_metadata_) {
        own_metadata_ = block_ref{block::create(*memory_, metadata_size(*config_))};
        if (!own_metadata_) {
            fail(errc::not_enough_memory);
            return {};
        }
        std::byte* at = own_metadata_->data();
        for_each_property(*config_, [&](const property& p) { at = encode_property(at, p); });
    }
    return {own_metadata_->data(), own_metadata_->capacity};
}

void connection::send_error(std::string_view reason) noexcept {
    const auto size = std::array{static_cast<std::byte>(std::min<std::size_t>(reason.size(), 255))};
    // We close either way.
    static_cast<void>(put_command("ERROR", size, as_octets(reason.substr(0, 255))));
}

// --- Credentials ---

void connection::ask(std::span<const octets> credentials) noexcept {
    std::size_t size = 0;
    for (const octets text : credentials)
        size += text.size();
    user_id_ = {};
    credential_octets_ = block_ref{block::create(*memory_, size)};
    if (!credential_octets_)
        return fail(errc::not_enough_memory);
    std::byte* at = credential_octets_->data();
    for (const octets text : credentials.first(std::min(credentials.size(), credentials_.size()))) {
        credentials_[credential_count_++] = {at, text.size()};
        if (!text.empty())
            std::memcpy(at, text.data(), text.size());
        at += text.size();
    }
    asked_ = false;
    state_ = state::asking;
}

void connection::forget_credentials() noexcept {
    if (credential_count_ != 0)
        user_id_ = credentials_[0];
    credential_count_ = 0;
    if (!credential_octets_)
        return;
    wipe(std::span{credential_octets_->data(), credential_octets_->capacity}.subspan(
        user_id_.size()));
    if (user_id_.empty())
        credential_octets_.reset();
}

void connection::authenticate(verdict answer, time_point now, std::error_code& ec) noexcept {
    ec.clear();
    if (state_ != state::asking) {
        ec = errc::no_question;
        return;
    }
    now_ = now;
    forget_credentials();
    state_ = state::handshake;
    handshake hands{*this};
    switch (answer) {
    case verdict::accepted: return mechanism_->accepted(hands);
    case verdict::refused: return hands.refuse("400");
    case verdict::server_error: return hands.refuse("500");
    case verdict::try_later: return hands.fail(errc::authentication_failed);
    }
}

// --- The end of it ---

void connection::finish_handshake() noexcept {
    state_ = state::established;
    handshake_limit_.reset();
    own_metadata_.reset();
    // Of the commands only subscriptions can be long.
    std::size_t largest = config_->limit.max_command_size;
    if (config_->type == socket_type::pub || config_->type == socket_type::xpub)
        largest = std::max(largest, plus(config_->limit.max_topic_size, subscription_overhead));
    if (mechanism_->protects())
        largest = plus(largest, mechanism_->overhead());
    decoder_.allow_commands(largest);
}

void connection::begin_traffic() noexcept {
    if (config_->beat.interval > milliseconds::zero())
        next_ping_ = later(now_, config_->beat.interval);
    if (mechanism_->protects()) {
        encoder_.hide_more();
        state_ = state::guarded;
        return;
    }
    mechanism_.reset();
    state_ = state::traffic;
}

// --- The door for mechanisms ---

bool handshake::failed() const noexcept { return connection_->state_ == connection::state::closed; }
bool handshake::must_ask() const noexcept { return connection_->config_->authenticate; }
octets handshake::metadata() noexcept { return failed() ? octets{} : connection_->own_metadata(); }
void handshake::send(std::string_view name, octets data, octets more) noexcept {
    if (!failed() && !connection_->put_command(name, data, more))
        connection_->fail(errc::not_enough_memory);
}
void handshake::refuse(std::string_view reason) noexcept {
    if (!failed())
        connection_->send_error(reason);
    fail(errc::authentication_failed);
}
void handshake::take_metadata(octets data) noexcept {
    if (failed())
        return;
    // What was decrypted lies elsewhere; then the command as a whole is where it stands.
    const octets command = connection_->decoder_.command();
    const bool within = !data.empty() && !std::less<>{}(data.data(), command.data()) &&
                        std::less<>{}(data.data(), command.data() + command.size());
    const std::size_t offset =
        within ? static_cast<std::size_t>(data.data() - command.data()) : command.size();
    connection_->read_metadata(data, connection_->decoder_.command_position() + offset);
}
void handshake::ask(std::span<const octets> credentials) noexcept {
    if (!failed())
        connection_->ask(credentials);
}
void handshake::finish() noexcept {
    if (!failed())
        connection_->finish_handshake();
}
void handshake::fail(errc why, std::size_t at) noexcept {
    connection_->fail(why, connection_->decoder_.command_position() + at);
}

} // namespace mizzen::zmtp
