#include "storage/damage.hpp"

#include <algorithm>

namespace cofila::test {

namespace {

constexpr std::size_t sector = 512;

/// A write, cut where the disk's sectors are.
std::vector<disk_write> sectors_of(const disk_write& whole)
{
    if (whole.truncates)
        return {whole};
    std::vector<disk_write> out;
    for (std::size_t done = 0; done < whole.bytes.size();) {
        const auto at = whole.at + done;
        const auto length = std::min(sector - at % sector, whole.bytes.size() - done);
        out.push_back({.at = at, .bytes = whole.bytes.substr(done, length)});
        done += length;
    }
    return out;
}

using dice = std::mt19937;

bool heads(dice& chance) { return (chance() & 1u) != 0; }

void reorder(std::string& content, std::vector<disk_write> unsynced, dice& chance)
{
    std::ranges::shuffle(unsynced, chance);
    for (const auto& write : unsynced)
        if (heads(chance))
            put(content, write);
}

void garble(std::string& content, const std::vector<disk_write>& unsynced, dice& chance)
{
    for (const auto& write : unsynced)
        for (auto part : sectors_of(write)) {
            const auto fate = chance() % 4;
            if (fate == 0)
                continue;
            if (fate == 1)
                for (auto& byte : part.bytes)
                    byte = static_cast<char>(chance());
            put(content, part);
        }
}

void zero(std::string& content, const std::vector<disk_write>& unsynced, dice& chance)
{
    for (const auto& write : unsynced)
        if (heads(chance))
            put(content, write);
        else if (!write.truncates)
            content.resize(std::max(content.size(), write.at + write.bytes.size()));
}

}  // namespace

void put(std::string& to, const disk_write& what)
{
    if (what.truncates) {
        to.resize(what.at);
        return;
    }
    if (to.size() < what.at + what.bytes.size())
        to.resize(what.at + what.bytes.size());
    to.replace(what.at, what.bytes.size(), what.bytes);
}

std::string content_after(const disk_file& was, damage how, std::uint64_t upto, std::mt19937& with)
{
    auto content = was.synced;
    switch (how) {
    case damage::dropped:
        break;
    case damage::reordered:
        reorder(content, was.unsynced, with);
        break;
    case damage::garbled:
        garble(content, was.unsynced, with);
        break;
    case damage::zeroed:
        zero(content, was.unsynced, with);
        break;
    case damage::kept:
        for (const auto& write : was.unsynced)
            put(content, write);
        break;
    case damage::cut:
        for (const auto& write : was.unsynced)
            if (write.number <= upto)
                put(content, write);
        break;
    }
    return content;
}

const char* name_of(damage what)
{
    static constexpr const char* names[] = {"dropped", "reordered", "garbled", "zeroed", "kept", "cut"};
    return names[static_cast<int>(what)];
}

}  // namespace cofila::test
