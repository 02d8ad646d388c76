// Who may offer which service at a broker, and who may call it.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mizzen::majordomo {

/// Rules, one a line, in any order; what none of them allows nobody may do:
///
///     offer USER SERVICE
///     call  USER SERVICE
///
/// USER is peer_identity::user_id, or `*` for everybody, also those without one. SERVICE is a name,
/// or the start of names followed by `*`. Blanks and tabs stand between them and nowhere in them.
/// Empty lines, and those that begin with `#`, say nothing.
class access_rules {
public:
    /// What one user may do; valid as long as the rules.
    class rights {
    public:
        [[nodiscard]] bool may_offer(std::string_view service) const noexcept;
        [[nodiscard]] bool may_call(std::string_view service) const noexcept;

    private:
        friend access_rules;
        struct names {
            std::string begin;
            bool all = false; ///< That begin so; else that one.
        };
        [[nodiscard]] static bool fits(const std::vector<names>& list,
                                       std::string_view service) noexcept;

        std::vector<names> offers_;
        std::vector<names> calls_;
        const rights* everybodys_ = nullptr; ///< Theirs as well.
    };

    /// What is wrong with a text, and where; nothing is when `line` is 0.
    struct trouble {
        std::size_t line = 0;
        std::string what;
    };

    /// Nobody may do anything.
    access_rules() = default;
    access_rules(access_rules&&) noexcept = default;
    access_rules& operator=(access_rules&&) noexcept = default;
    access_rules(const access_rules&) = delete;
    access_rules& operator=(const access_rules&) = delete;
    ~access_rules() = default;

    /// On an error the rules are empty, and `wrong` says why.
    [[nodiscard]] static access_rules parse(std::string_view text, trouble& wrong);

    [[nodiscard]] const rights& of(std::string_view user) const noexcept;
    /// How many rules there are.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    using users = std::map<std::string, rights, std::less<>>;
    [[nodiscard]] std::string add(std::string_view line);

    std::unique_ptr<rights> everybodys_ = std::make_unique<rights>(); // stays where it is
    users users_;
    std::size_t size_ = 0;
};

} // namespace mizzen::majordomo
