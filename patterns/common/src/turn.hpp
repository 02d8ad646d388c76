// How much is done in a row.
#pragma once

namespace mizzen::patterns {

/// Messages that are taken in a row before the loop has its turn, in which what they led to is
/// written. The processes of a pattern pass messages on to each other: the next one is to begin
/// before this one has done with all that there is, or only one of them works at a time.
constexpr int turn_length = 256;

} // namespace mizzen::patterns
