#include "sqlite/version_note.hpp"

namespace cofila::sqlite {

std::optional<std::string> version_note(int version)
{
    constexpr int fixed = 3051003;
    const int release = version / 1000;
    const bool backported = (release == 3050 && version % 1000 >= 7) || (release == 3044 && version % 1000 >= 6);
    if (version >= fixed || backported)
        return {};
    const auto name = std::to_string(version / 1'000'000) + '.' + std::to_string(release % 1000) + '.' +
                      std::to_string(version % 1000);
    return "SQLite " + name +
           " can damage a file when one connection checkpoints while another commits (fixed in 3.51.3); no connection "
           "of this library does so, and others on the same file need PRAGMA wal_autocheckpoint=0";
}

}  // namespace cofila::sqlite
