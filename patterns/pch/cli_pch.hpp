// As for the rest of patterns/, and CLI11.
#include "patterns_pch.hpp"

#include <CLI/CLI.hpp>
