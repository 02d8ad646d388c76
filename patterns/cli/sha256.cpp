// SHA-256 by OpenSSL.
#include "sha256.hpp"

#if defined(MIZZEN_HAVE_OPENSSL)

#include <asio/post.hpp>

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

namespace mizzen::cli {
namespace {

constexpr std::size_t slice = std::size_t{16} << 20; // some 10 ms

struct freer {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

class hashing : public std::enable_shared_from_this<hashing> {
public:
    hashing(asio::any_io_executor executor, mizzen::message input,
            std::function<void(std::string)> done)
        : executor_{std::move(executor)}, input_{std::move(input)}, done_{std::move(done)},
          context_{EVP_MD_CTX_new()}, part_{input_.begin()} {}

    void start() {
        good_ = context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1;
        go_on();
    }

private:
    void go_on() {
        std::size_t budget = slice;
        for (; good_ && part_ != input_.end(); ++part_, at_ = 0) {
            const octets rest = (*part_).subspan(at_);
            const std::size_t size = std::min(rest.size(), budget);
            good_ = EVP_DigestUpdate(context_.get(), rest.data(), size) == 1;
            at_ += size;
            budget -= size;
            if (size != rest.size())
                return asio::post(executor_, [self = shared_from_this()] { self->go_on(); });
        }
        done_(good_ ? digest() : std::string{});
    }

    std::string digest() {
        std::array<unsigned char, EVP_MAX_MD_SIZE> octets_of{};
        unsigned size = 0;
        if (EVP_DigestFinal_ex(context_.get(), octets_of.data(), &size) != 1)
            return {};
        constexpr std::string_view digits = "0123456789abcdef";
        std::string text;
        for (unsigned i = 0; i < size; ++i) {
            text += digits[octets_of[i] >> 4];
            text += digits[octets_of[i] & 15];
        }
        return text;
    }

    asio::any_io_executor executor_;
    mizzen::message input_;
    std::function<void(std::string)> done_;
    std::unique_ptr<EVP_MD_CTX, freer> context_;
    mizzen::message::const_iterator part_;
    std::size_t at_ = 0; // in the part
    bool good_ = false;
};

} // namespace

bool has_sha256() noexcept { return true; }

void sha256(const asio::any_io_executor& executor, mizzen::message input,
            std::function<void(std::string)> done) {
    std::make_shared<hashing>(executor, std::move(input), std::move(done))->start();
}

} // namespace mizzen::cli

#else

namespace mizzen::cli {

bool has_sha256() noexcept { return false; }

void sha256(const asio::any_io_executor&, mizzen::message, std::function<void(std::string)> done) {
    done({});
}

} // namespace mizzen::cli

#endif
