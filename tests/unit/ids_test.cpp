#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "domain/generated_id.hpp"
#include "domain/ids.hpp"
#include "support/print.hpp"

using namespace cofila;

TEST_SUITE_BEGIN("ids");

namespace {

constexpr auto all_ones = ~std::uint64_t{0};

std::string id_of(std::int64_t key, std::uint64_t high, std::uint64_t low)
{
    return domain::generated_id{.key = key, .random = domain::make_random_part(high, low)}.text();
}

}  // namespace

TEST_CASE("a generated id is a UUID of version 8 with key and random bits in their places")
{
    CHECK(id_of(0, 0, 0) == "00000000-0000-8000-8000-000000000000");
    CHECK(id_of(0x0123456789ab, 0xcde, 0x0123456789abcdef) == "01234567-89ab-8cde-8123-456789abcdef");
    CHECK(id_of(domain::most_keys - 1, all_ones, all_ones) == "ffffffff-ffff-8fff-bfff-ffffffffffff");
}

TEST_CASE("generated ids sort by their keys, whatever the random bits")
{
    std::vector<std::string> ids;
    for (std::int64_t key = 1; key < domain::most_keys; key += 1 + key / 3)
        ids.push_back(id_of(key, all_ones / static_cast<std::uint64_t>(key), all_ones - static_cast<std::uint64_t>(key))
        );
    CHECK(std::ranges::is_sorted(ids));
}

TEST_CASE("key and random bits are read from a generated id")
{
    const auto text = id_of(0x0123456789ab, 0xcde, 0xfedcba9876543210);
    const auto read = domain::parse_generated_id(text);
    REQUIRE(read);
    CHECK(read->key == 0x0123456789ab);
    CHECK((read->random == domain::make_random_part(0xcde, 0xfedcba9876543210)));
    CHECK(read->text() == text);
}

TEST_CASE("no other text is taken for a generated id")
{
    const std::string fine{"01234567-89ab-8cde-8123-456789abcdef"};
    REQUIRE(domain::parse_generated_id(fine));
    for (std::size_t at = 0; at < fine.size(); ++at)
        for (const char other : {'-', 'A', 'g', '/', ' ', '\0'}) {
            auto text = fine;
            text[at] = other;
            INFO(text);
            CHECK(domain::parse_generated_id(text).has_value() == (text == fine));
        }
    auto text = fine;
    for (const char version : {'1', '4', '7', '9'}) {
        text[14] = version;
        CHECK_FALSE(domain::parse_generated_id(text));
    }
    text = fine;
    for (const char variant : {'0', '7', 'c', 'f'}) {
        text[19] = variant;
        CHECK_FALSE(domain::parse_generated_id(text));
    }
    for (const auto& size : {"", "0", "01234567-89ab-8cde-8123-456789abcde", "01234567-89ab-8cde-8123-456789abcdef0"})
        CHECK_FALSE(domain::parse_generated_id(size));
}

TEST_CASE("a new job gets its key, and an id of it unless the caller gave one")
{
    job_record given{.id = "mine"};
    domain::assign_key(given, 7);
    CHECK(given.key == 7);
    CHECK(given.id == "mine");
    job_record made{.random = domain::make_random_part(1, 2)};
    domain::assign_key(made, 7);
    CHECK(made.key == 7);
    CHECK(made.id == id_of(7, 1, 2));
}

TEST_CASE("a token is 32 hexadecimal digits")
{
    CHECK(domain::to_text(lock_token{}) == "00000000000000000000000000000000");
    CHECK(domain::to_text(lock_token{.high = 0x0123456789abcdef, .low = 0x1}) == "0123456789abcdef0000000000000001");
    CHECK(domain::to_text(lock_token{.high = all_ones, .low = all_ones}) == std::string(32, 'f'));
}

TEST_CASE("the first key at a text is that of the ids which begin with it, and otherwise the next one")
{
    using domain::first_key_at;
    CHECK(first_key_at("") == 0);
    CHECK(first_key_at("~") == domain::most_keys);
    for (const std::int64_t key :
         {std::int64_t{0}, std::int64_t{0xffff}, std::int64_t{0x10000}, domain::most_keys - 1}) {
        const auto id = domain::make_generated_id(key, "0123456789").text();
        CHECK(id.starts_with(domain::key_part(key)));
        CHECK(first_key_at(id) == key);
        CHECK(first_key_at(domain::key_part(key)) == key);
        CHECK(first_key_at(id.substr(0, 12) + "~") == (key | 15) + 1);  // behind all with another last digit
    }
}

TEST_SUITE_END();
