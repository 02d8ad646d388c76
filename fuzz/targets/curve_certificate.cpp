// Holds: whatever a certificate file holds, it is read or refused; what is read has a key and stays
// within the file; and Z85 read and written again is the same.
#include "support/choices.hpp"
#include "support/must.hpp"
#include <mizzen/curve_certificate.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace mizzen::fuzz {
namespace {

void read_key_text(std::string_view text) {
    std::error_code ec;
    const std::string octets = z85_decode(text, ec);
    must(ec ? octets.empty() : octets.size() == text.size() / 5 * 4, "five characters are four");
    std::error_code again;
    if (!ec)
        must(z85_encode(as_octets(octets), again) == text && !again, "Z85 has one text for octets");
}

void read_certificate(std::string_view text) {
    std::error_code ec;
    const curve_certificate read = parse_curve_certificate(text, ec);
    if (ec) {
        must(read.public_key == curve_key{} && !read.secret_key && read.metadata.empty(),
             "what is refused leaves nothing");
        return;
    }
    must(text.find(to_z85(read.public_key)) != std::string_view::npos, "the key is the file's");
    must(!read.secret_key || text.find(to_z85(*read.secret_key)) != std::string_view::npos,
         "so is the secret one");
    std::size_t size = 0;
    for (const auto& [name, value] : read.metadata)
        size += name.size() + value.size();
    must(size <= text.size(), "metadata is the file's");
}

} // namespace
} // namespace mizzen::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = mizzen::fuzz::as_text(mizzen::fuzz::choices{data, size}.rest());
    mizzen::fuzz::read_key_text(text);
    mizzen::fuzz::read_certificate(text);
    return 0;
}
