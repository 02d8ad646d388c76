// What a flawless peer says to a connection, made of choices, and what has to come out of it.
#pragma once

#include "choices.hpp"
#include "filler.hpp"
#include "settings.hpp"
#include "wire.hpp"
#include <mizzen/zmtp/frame_header.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace mizzen::fuzz {

/// Kept between runs for its memory: clear, then write.
struct script {
    enum class kind : std::uint8_t { silent, handshake, message, subscribe, cancel };
    struct part { ///< Or a topic: octets of the wire.
        std::size_t at;
        std::size_t size;
    };
    struct unit { ///< Of which nothing comes out before all of it has come.
        kind what;
        std::size_t start;
        std::size_t end;
        std::size_t first_part;
        std::size_t parts;
    };

    stream wire;
    std::vector<unit> units;
    std::vector<part> parts;
    std::vector<std::size_t> headers; ///< Where frames start.
    std::size_t handshake_end = 0;
    std::size_t pings = 0;

    void write(choices& from, const settings& s) {
        wire.clear();
        units.clear();
        parts.clear();
        headers.clear();
        pings = 0;
        limit_ = s.cfg.limit;
        publishes_ = s.cfg.type == socket_type::pub || s.cfg.type == socket_type::xpub;
        largest_command_ =
            std::max(limit_.max_command_size, publishes_ ? limit_.max_topic_size + 10 : 0);
        begin(kind::silent);
        put_opening(wire, s);
        end();
        if (s.plain) {
            begin(kind::silent);
            headers.push_back(wire.size());
            put_credentials(wire, s);
            end();
        }
        begin(kind::handshake);
        write_metadata(from, s);
        end();
        handshake_end = wire.size();
        constexpr std::size_t most_units = 60;
        while (!from.empty() && units.size() < most_units)
            write_traffic(from);
    }

private:
    void begin(kind what) { units.push_back({what, wire.size(), 0, parts.size(), 0}); }
    void end() {
        units.back().end = wire.size();
        units.back().parts = parts.size() - units.back().first_part;
    }

    void write_metadata(choices& from, const settings& s) {
        const std::uint8_t shape = from.octet();
        const std::string_view name = metadata_command(s);
        const octets type = as_octets(name_of(s.peer_type));
        const std::size_t most = limit_.max_command_size - 1 - name.size();
        metadata_.clear();
        std::size_t values = type.size();
        std::size_t count = 1;
        const auto add = [&](std::string_view property, octets value) {
            const std::size_t size = 5 + property.size() + value.size();
            // The type, which is due, comes last or first.
            const std::size_t due = (shape & 1) != 0 ? 16 + type.size() : 0;
            if (metadata_.size() + size + due > most || count == limit_.max_properties ||
                values + value.size() > limit_.max_metadata_size)
                return;
            ++count;
            values += value.size();
            put_property(metadata_, property, value);
        };
        if ((shape & 1) == 0)
            put_property(metadata_, "Socket-Type", type);
        if ((shape & 2) != 0)
            add((shape & 4) != 0 ? "Identity" : "IDENTITY", as_octets("some id"));
        for (std::size_t i = shape >> 4; i != 0; --i)
            add(i % 2 != 0 ? "X-Some" : "Resource", filler(i, shape & 0x7f));
        if ((shape & 1) != 0)
            put_property(metadata_, "socket-TYPE", type);
        headers.push_back(wire.size());
        put_command(wire, name, metadata_);
    }

    [[nodiscard]] std::size_t size_for(choices& from) const {
        constexpr std::array<std::size_t, 16> sizes{255,    256,    257,    2048,   2049,   16'383,
                                                    16'384, 16'385, 40'000, 65'536, 65'537, 131'073,
                                                    78,     79,     80,     81};
        const std::uint8_t code = from.octet();
        const std::size_t size = code < 240 ? code % 90U : sizes[code - 240];
        return wire.size() > 20'000 ? size % 256 : size; // one large body tells what many would
    }

    void frame(std::size_t flags, octets body) {
        headers.push_back(wire.size());
        put_frame(wire, flags, body);
    }
    void command(std::string_view name, octets data) {
        headers.push_back(wire.size());
        put_command(wire, name, data);
    }

    void write_traffic(choices& from) {
        const std::uint8_t op = from.octet();
        const std::size_t shape = op >> 3;
        switch (op & 7) {
        case 3:
        case 4: return write_ping(from, shape);
        case 5: return write_subscription(from, (shape & 1) != 0);
        case 6: return write_unknown(from, shape);
        default: return write_message(from, shape);
        }
    }

    // Flags: LONG where it need not be, and reserved ones, which mean nothing.
    void write_message(choices& from, std::size_t shape) {
        const std::size_t odd = ((shape & 8) != 0 ? 2U : 0U) | ((shape & 16) != 0 ? 0xa8U : 0U);
        std::size_t count = std::min<std::size_t>(1 + (shape & 7), limit_.max_parts);
        std::uint64_t left = limit_.max_message_size;
        begin(kind::message);
        for (; count != 0; --count) {
            const auto size =
                static_cast<std::size_t>(std::min<std::uint64_t>(size_for(from), left));
            left -= size;
            frame(odd | (count > 1 ? 1U : 0U), filler(size + count, size));
            parts.push_back({wire.size() - size, size});
            if (count == 3) // a command may stand between frames
                ping(1, 0);
        }
        end();
    }
    void ping(std::size_t ttl, std::size_t context) {
        std::array<std::byte, 34> data{static_cast<std::byte>(ttl >> 8),
                                       static_cast<std::byte>(ttl)};
        std::ranges::copy(filler(context, context), data.begin() + 2);
        command("PING", octets{data}.first(2 + context));
        ++pings;
    }
    void write_ping(choices& from, std::size_t shape) {
        begin(kind::silent);
        if ((shape & 1) != 0)
            command("PONG", filler(shape, shape));
        else
            ping(from.wide(), shape);
        end();
    }
    void write_subscription(choices& from, bool wanted) {
        const std::string_view name = wanted ? "SUBSCRIBE" : "CANCEL";
        const std::size_t most =
            publishes_ ? limit_.max_topic_size : largest_command_ - 1 - name.size();
        const std::size_t size = std::min(size_for(from), most);
        begin(!publishes_ ? kind::silent : wanted ? kind::subscribe : kind::cancel);
        command(name, filler(size, size));
        if (publishes_)
            parts.push_back({wire.size() - size, size});
        end();
    }
    void write_unknown(choices& from, std::size_t shape) {
        constexpr std::array<std::string_view, 4> names{"READY", "X", "ERROR", "JOIN"};
        const std::string_view name = names[shape & 3];
        begin(kind::silent);
        if ((shape & 4) != 0) { // not even a name
            frame(4U | ((shape & 8) != 0 ? 1U : 0U), {});
        } else {
            const std::size_t size = std::min(size_for(from), largest_command_ - 1 - name.size());
            command(name, filler(size, size));
        }
        end();
    }

    zmtp::limits limit_;
    bool publishes_ = false;
    std::size_t largest_command_ = 0;
    stream metadata_;
};

} // namespace mizzen::fuzz
