// A message as a JSON array of its parts.
#pragma once

#include <mizzen/message.hpp>

#include <string>
#include <string_view>

namespace mizzen::cli {

/// Adds ["part",{"hex":"ff"}]: a part in UTF-8 as a string, any other as its octets.
void append_json(std::string& text, const mizzen::message& m);

/// Reads what append_json writes, and any other JSON of that shape. False when `text` is something
/// else; `trouble` then says what and where.
[[nodiscard]] bool parse_json(std::string_view text, mizzen::message& m, std::string& trouble);

} // namespace mizzen::cli
