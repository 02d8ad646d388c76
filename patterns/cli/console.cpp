// Lines on stdout and stderr.
#include "console.hpp"

#include "hex.hpp"
#include <mizzen/error.hpp>

#include <CLI/CLI.hpp>

#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <utility>

namespace mizzen::cli {
namespace {

bool write_line(std::FILE* to, const std::string& line) {
    return std::fwrite(line.data(), 1, line.size(), to) == line.size() && std::fflush(to) == 0;
}

} // namespace

void log(std::string_view name, std::string_view text) {
    std::string line{"mizzen "};
    line.append(name).append(": ").append(text).append("\n");
    write_line(stderr, line);
}

std::string printable(std::string_view name) {
    std::string text;
    for (const char each : name) {
        if ((each >= ' ' && each <= '~' && each != '\\') ||
            static_cast<unsigned char>(each) > 127) {
            text += each;
        } else {
            text += "\\x";
            append_hex(text, as_octets(std::string_view{&each, 1}));
        }
    }
    return text;
}

bool print_line(std::string_view text) {
    std::string line{text};
    line += '\n';
    return write_line(stdout, line);
}

bool print_parts(const mizzen::message& reply) {
    for (const octets part : reply) {
        const std::string_view text = as_text(part);
        if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size())
            return false;
        if (!text.ends_with('\n') && std::fputc('\n', stdout) == EOF)
            return false;
    }
    return std::fflush(stdout) == 0;
}

bool read_stdin(std::string& text) {
    std::array<char, 65536> chunk{};
    while (const std::size_t size = std::fread(chunk.data(), 1, chunk.size(), stdin))
        text.append(chunk.data(), size);
    return std::ferror(stdin) == 0;
}

bool read_file(const std::string& path, std::string& text) {
    std::ifstream file{path};
    std::ostringstream content;
    if (!file || !(content << file.rdbuf()))
        return false;
    text = std::move(content).str();
    return true;
}

int endpoint_trouble(std::string_view name, std::string_view what, std::string_view endpoint,
                     std::error_code ec) {
    std::string text{"cannot "};
    text.append(what).append(" ").append(endpoint).append(": ").append(ec.message());
    log(name, text);
    return ec.category() == mizzen::error_category() ? 2 : 1;
}

void add_heartbeat(CLI::App& app, heartbeat_options& options) {
    app.add_option("--heartbeat", options.interval_ms, "Time between heartbeats; 0 is none")
        ->type_name("MS")
        ->check(CLI::Range(10, 30'000) | CLI::IsMember({0}))
        ->capture_default_str();
    app.add_option("--liveness", options.liveness, "Intervals of silence that mean a peer is lost")
        ->type_name("N")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
}

} // namespace mizzen::cli
