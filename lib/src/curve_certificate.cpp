// CZMQ's certificate files: sections, with names and quoted values indented below.
#include "wipe.hpp"
#include <mizzen/curve_certificate.hpp>
#include <mizzen/error.hpp>

#if defined(MIZZEN_HAVE_OPENSSL)
#include "curve/x25519.hpp"
#endif

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

namespace mizzen {
namespace {

using detail::wipe;

constexpr std::size_t largest_file = 64 * 1024;
constexpr std::string_view name_marks = "$-_@.&+/";

std::error_code last_error() { return {errno, std::generic_category()}; }

bool is_name(std::string_view text) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               name_marks.find(c) != std::string_view::npos;
    };
    return !text.empty() && std::all_of(text.begin(), text.end(), allowed);
}
bool is_value(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return c >= ' ' && c != '\x7f' && c != '"'; });
}

std::string_view trimmed(std::string_view text) {
    while (text.ends_with(' ') || text.ends_with('\r') || text.ends_with('\t'))
        text.remove_suffix(1);
    while (text.starts_with(' ') || text.starts_with('\t'))
        text.remove_prefix(1);
    return text;
}

// One line of a file: how far in it stands, its name, and its value where it has one.
struct line {
    std::size_t indent = 0;
    std::string_view name;
    std::optional<std::string_view> value;
};

// A value in quotes, of either kind, with nothing behind them but a comment; or without, up to one.
std::optional<std::string_view> read_value(std::string_view text) {
    if (text.starts_with('"') || text.starts_with('\'')) {
        const std::size_t end = text.find(text[0], 1);
        if (end == std::string_view::npos)
            return std::nullopt;
        const std::string_view behind = trimmed(text.substr(end + 1));
        if (!behind.empty() && !behind.starts_with('#'))
            return std::nullopt;
        return text.substr(1, end - 1);
    }
    return trimmed(text.substr(0, text.find('#')));
}

bool read_line(std::string_view text, line& out) {
    out = {};
    out.indent = std::min(text.find_first_not_of(' '), text.size());
    text = trimmed(text.substr(out.indent));
    if (text.empty() || text.starts_with('#'))
        return true;
    const std::size_t equals = text.find('=');
    out.name = trimmed(text.substr(0, equals));
    if (equals == std::string_view::npos) {
        out.name = trimmed(text.substr(0, text.find('#')));
    } else {
        out.value = read_value(trimmed(text.substr(equals + 1)));
        if (!out.value)
            return false;
    }
    return is_name(out.name) && out.indent % 4 == 0;
}

// Sections that are not ours are passed over, as CZMQ does.
class reader {
public:
    bool take(const line& l) {
        if (l.name.empty())
            return true;
        if (l.indent == 0) {
            section_ = l.name;
            return true;
        }
        if (section_.empty())
            return false;
        if (l.indent != 4 || !l.value)
            return section_ != "curve";
        if (section_ == "metadata")
            result.metadata.emplace_back(l.name, *l.value);
        if (section_ != "curve")
            return true;
        if (l.name == "public-key")
            return take_key(*l.value, public_key_);
        return l.name != "secret-key" || take_key(*l.value, result.secret_key);
    }
    bool finish() {
        if (!public_key_)
            return false;
        result.public_key = *public_key_;
#if defined(MIZZEN_HAVE_OPENSSL)
        curve_key own;
        if (result.secret_key &&
            (!curve::public_of(curve::secret_key{result.secret_key->octets}, own.octets) ||
             own != result.public_key))
            return false;
#endif
        return true;
    }
    curve_certificate result;

private:
    static bool take_key(std::string_view text, std::optional<curve_key>& into) {
        std::error_code ec;
        if (into || text.size() != 40)
            return false;
        into = make_curve_key(text, ec);
        return !ec;
    }

    std::string section_;
    std::optional<curve_key> public_key_;
};

// A descriptor, closed when it goes.
struct descriptor {
    int number;
    explicit descriptor(int opened) : number{opened} {}
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor() { close(); }
    int close() {
        const int result = number < 0 ? 0 : ::close(number);
        number = -1;
        return result;
    }
};

std::string read_file(const std::filesystem::path& path, std::error_code& ec) {
    std::string text;
    const descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (file.number < 0) {
        ec = last_error();
        return text;
    }
    text.resize(largest_file + 1);
    std::size_t size = 0;
    while (size < text.size()) {
        const ssize_t got = ::read(file.number, text.data() + size, text.size() - size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            ec = last_error();
        if (got <= 0)
            break;
        size += static_cast<std::size_t>(got);
    }
    if (size > largest_file)
        ec = errc::malformed_certificate;
    text.resize(size);
    return text;
}

bool write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const ssize_t wrote = ::write(file, text.data(), text.size());
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return false;
        text.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return true;
}

// Beside the place where it will be, and then there at once. What is left there when the process
// dies begins with a dot: in a watched folder it is not looked at.
void write_file(const std::filesystem::path& path, std::string_view text, mode_t mode,
                std::error_code& ec) {
    std::filesystem::path hidden{"."};
    hidden += path.filename();
    hidden += ".XXXXXX";
    std::string beside = (path.parent_path() / hidden).string();
    descriptor file{::mkostemp(beside.data(), O_CLOEXEC)}; // 0600 from the start
    if (file.number < 0) {
        ec = last_error();
        return;
    }
    if (!write_all(file.number, text) || ::fchmod(file.number, mode) != 0 ||
        ::fsync(file.number) != 0 || file.close() != 0 ||
        ::rename(beside.c_str(), path.c_str()) != 0) {
        ec = last_error();
        ::unlink(beside.c_str());
    }
}

// `secret` is null in what everybody may read.
std::string text_of(const curve_certificate& certificate, const curve_key* secret) {
    std::string text = secret != nullptr
                           ? "#   ZeroMQ CURVE **Secret** Certificate\n"
                             "#   DO NOT PROVIDE THIS FILE TO OTHER USERS nor change its "
                             "permissions.\n\n"
                           : "#   ZeroMQ CURVE Public Certificate\n"
                             "#   Exchange securely, or use a secure mechanism to verify the "
                             "contents\n#   of this file after exchange.\n\n";
    text += "metadata\n";
    for (const auto& [name, value] : certificate.metadata)
        text.append("    ").append(name).append(" = \"").append(value).append("\"\n");
    text += "curve\n    public-key = \"" + to_z85(certificate.public_key) + "\"\n";
    if (secret != nullptr)
        text += "    secret-key = \"" + to_z85(*secret) + "\"\n";
    return text;
}

} // namespace

curve_certificate parse_curve_certificate(std::string_view text, std::error_code& ec) {
    ec.clear();
    reader read;
    line l;
    bool valid = text.size() <= largest_file;
    while (valid && !text.empty()) {
        const std::size_t end = text.find('\n');
        valid = read_line(text.substr(0, end), l) && read.take(l);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    if (valid && read.finish())
        return std::move(read.result);
    ec = errc::malformed_certificate;
    return {};
}

curve_certificate load_curve_certificate(const std::filesystem::path& path, std::error_code& ec) {
    ec.clear();
    std::string text = read_file(path, ec);
    curve_certificate result;
    if (!ec)
        result = parse_curve_certificate(text, ec);
    wipe(text);
    return result;
}

curve_certificate load_curve_certificate(const std::filesystem::path& path) {
    std::error_code ec;
    curve_certificate result = load_curve_certificate(path, ec);
    if (ec)
        throw std::system_error(ec, path.string());
    return result;
}

void save_curve_certificate(const curve_certificate& certificate, const std::filesystem::path& path,
                            std::error_code& ec) {
    ec.clear();
    for (const auto& [name, value] : certificate.metadata)
        if (!is_name(name) || !is_value(value))
            ec = errc::malformed_certificate;
    if (ec)
        return;
    if (certificate.secret_key) {
        std::string text = text_of(certificate, &*certificate.secret_key);
        write_file(path.string() + "_secret", text, 0600, ec);
        wipe(text);
    }
    if (!ec)
        write_file(path, text_of(certificate, nullptr), 0644, ec);
}

void save_curve_certificate(const curve_certificate& certificate,
                            const std::filesystem::path& path) {
    std::error_code ec;
    save_curve_certificate(certificate, path, ec);
    if (ec)
        throw std::system_error(ec, path.string());
}

} // namespace mizzen
