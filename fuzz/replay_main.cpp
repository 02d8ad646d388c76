// Runs a fuzz target over files that are there, where no fuzzing engine does: its corpus, or a
// find.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_of(const fs::path& given) {
    if (!fs::is_directory(given))
        return {given};
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator{given})
        if (entry.is_regular_file())
            found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
}

void replay(const fs::path& path) {
    std::ifstream file{path, std::ios::binary};
    file.exceptions(std::ios::badbit | std::ios::failbit);
    const auto size = static_cast<std::size_t>(fs::file_size(path));
    // Memory of just that size shows a sanitizer whoever reads beyond it.
    const auto data = std::make_unique<char[]>(size);
    file.read(data.get(), static_cast<std::streamsize>(size));
    std::fprintf(stderr, "%s\n", path.c_str()); // the last one said is the one that crashed
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(data.get()), size);
}

} // namespace

int main(int argc, char** argv) {
    try {
        std::size_t replayed = 0;
        for (int i = 1; i < argc; ++i)
            for (const fs::path& path : files_of(argv[i])) {
                replay(path);
                ++replayed;
            }
        std::printf("%zu inputs replayed\n", replayed);
        return replayed == 0 ? 1 : 0;
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "%s\n", failure.what());
        return 1;
    }
}
