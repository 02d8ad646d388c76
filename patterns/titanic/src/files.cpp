// Whole writes and reads, of files that do as much at once as they like.
#include <mizzen/patterns/titanic/files.hpp>

namespace mizzen::titanic {

void write_all(file& to, std::uint64_t at, octets from, std::error_code& ec) noexcept {
    ec.clear();
    while (!from.empty()) {
        const std::size_t written = to.write_some(at, from, ec);
        if (ec)
            return;
        if (written == 0) {
            ec = std::make_error_code(std::errc::io_error);
            return;
        }
        at += written;
        from = from.subspan(written);
    }
}

std::size_t read_all(file& from, std::uint64_t at, std::span<std::byte> into,
                     std::error_code& ec) noexcept {
    ec.clear();
    std::size_t read = 0;
    while (read != into.size()) {
        const std::size_t more = from.read_some(at + read, into.subspan(read), ec);
        if (ec || more == 0)
            break;
        read += more;
    }
    return read;
}

} // namespace mizzen::titanic
