// `mizzen keygen`: a pair of keys in certificate files, as CZMQ has them.
#include "commands.hpp"
#include "console.hpp"
#include <mizzen/curve_certificate.hpp>
#include <mizzen/error.hpp>

#include <CLI/CLI.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace mizzen::cli {
namespace {

constexpr const char* keygen_name = "keygen";

struct keygen_arguments {
    std::string path;
    std::vector<std::string> metadata;
    std::string public_of;
    bool force = false;
};

int trouble(std::string_view path, std::string_view what) {
    log(keygen_name, std::string{path}.append(": ").append(what));
    return failed;
}

/// NAME=VALUE each, into the certificate. Gives what is wrong; empty if nothing is.
std::string read_metadata(const std::vector<std::string>& given, curve_certificate& out) {
    for (const std::string& each : given) {
        const std::size_t at = each.find('=');
        if (at == 0 || at == std::string::npos)
            return "--meta wants NAME=VALUE, not " + each;
        for (const auto& [name, value] : out.metadata) {
            if (name == each.substr(0, at))
                return "--meta " + name + " is given twice";
        }
        out.metadata.emplace_back(each.substr(0, at), each.substr(at + 1));
    }
    return {};
}

int print_public_key(const std::string& path) {
    std::error_code ec;
    const curve_certificate certificate = load_curve_certificate(path, ec);
    if (ec)
        return trouble(path, ec.message());
    return print_line(to_z85(certificate.public_key)) ? done : failed;
}

/// The file that is in the way; empty if none is.
std::string in_the_way(const std::string& path) {
    for (const std::string& each : {path, path + "_secret"}) {
        std::error_code ec;
        if (std::filesystem::symlink_status(each, ec).type() !=
            std::filesystem::file_type::not_found)
            return each;
    }
    return {};
}

int make_keys(const keygen_arguments& given) {
    curve_certificate made;
    if (const std::string wrong = read_metadata(given.metadata, made); !wrong.empty()) {
        log(keygen_name, wrong);
        return usage;
    }
    if (const std::string there = in_the_way(given.path); !there.empty() && !given.force)
        return trouble(there, "is there already; --force replaces it");
    std::error_code ec;
    const curve_key_pair keys = make_curve_key_pair(ec);
    if (ec) {
        log(keygen_name, ec.message());
        return failed;
    }
    made.public_key = keys.public_key;
    made.secret_key = keys.secret_key;
    save_curve_certificate(made, given.path, ec);
    if (ec == errc::malformed_certificate) {
        log(keygen_name, "--meta: names are of letters, digits and $-_@.&+/, values of printable "
                         "characters without quotes in them");
        return usage;
    }
    if (ec)
        return trouble(given.path, ec.message());
    return print_line(to_z85(keys.public_key)) ? done : failed;
}

int run(const keygen_arguments& given) {
    if (given.public_of.empty() == given.path.empty()) {
        log(keygen_name, "either a file to write or --public-of FILE is needed");
        return usage;
    }
    if (given.public_of.empty())
        return make_keys(given);
    if (given.force || !given.metadata.empty()) {
        log(keygen_name, "--public-of writes nothing: --force and --meta are of no use");
        return usage;
    }
    return print_public_key(given.public_of);
}

} // namespace

command add_keygen(CLI::App& app) {
    const auto given = std::make_shared<keygen_arguments>();
    CLI::App& sub = *app.add_subcommand(
        "keygen", "Make a pair of CURVE keys: FILE is to be given away, FILE_secret to be kept; "
                  "print the public key");
    sub.add_option("file", given->path, "The certificate to write, in CZMQ's format")
        ->type_name("");
    sub.add_option("--meta", given->metadata,
                   "What the certificate says of its owner; may be given several times")
        ->type_name("NAME=VALUE")
        ->allow_extra_args(false);
    sub.add_flag("--force", given->force, "Replace the files that are there");
    sub.add_option("--public-of", given->public_of,
                   "Print the public key of this certificate, and write nothing")
        ->type_name("FILE");
    return [given] { return run(*given); };
}

} // namespace mizzen::cli
