#include <cofila/error.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>

#include "domain/option_table.hpp"
#include "domain/options_json.hpp"
#include "domain/validation.hpp"
#include "support/error_of.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("option_table");

namespace {

// A value that no option has by default.
void set(std::optional<int>& value) { value = 3; }
void set(std::optional<bool>& value) { value = true; }
void set(std::optional<milliseconds>& value) { value = 4s; }
void set(std::optional<std::string>& value) { value = "text"; }
void set(std::optional<backoff>& value) { value = backoff::exponential(5s); }
void set(std::optional<retention>& value) { value = retention::keep_last(6); }
void set(std::optional<deduplication>& value) { value = deduplication{.id = "d", .how = deduplication::mode::replace}; }
void set(std::map<std::string, std::string>& value) { value = {{"key", "value"}}; }

// A value that no option takes.
void break_range(std::optional<int>& value) { value = -1; }
void break_range(std::optional<milliseconds>& value) { value = -1ms; }
void break_range(std::optional<std::string>& value) { value = ""; }
void break_range(std::optional<backoff>& value) { value = backoff::fixed(-1ms); }
void break_range(std::optional<retention>& value) { value = retention::keep_for(-1s); }
void break_range(std::optional<deduplication>& value) { value = deduplication{}; }
void break_range(std::map<std::string, std::string>& value) { value = {{"", "value"}}; }

std::string field_at_fault(const job_options& options)
{
    return error_of([&] { domain::check(options); }).field;
}

}  // namespace

TEST_CASE("every option but the id has a row")
{
    // Does not compile when an option is added: give it a row first, and then a name here.
    [[maybe_unused]] const auto& [id, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14, o15, o16] =
        job_options{};
    CHECK(std::tuple_size_v<decltype(domain::option_table)> == 16);
}

TEST_CASE("an option that has a default is set once it is resolved")
{
    const auto resolved = domain::resolve({}, {});
    domain::for_each_option([&]<class T, class Range, class Default>(const domain::option<T, Range, Default>& row) {
        INFO(row.name);
        const bool is_set = domain::if_set(resolved.*row.member) != nullptr;
        CHECK(is_set == !std::is_same_v<Default, domain::no_default>);
    });
}

TEST_CASE("an option that is stored comes back, in the order of the table")
{
    job_options options;
    domain::for_each_option([&](const auto& row) { set(options.*row.member); });
    const auto text = domain::options_to_json(options);
    const auto back = domain::options_from_json(text);
    const auto built_in = domain::resolve({}, {});
    std::size_t place = 0;
    domain::for_each_option([&](const auto& row) {
        INFO(row.name);
        const bool same = back.*row.member == options.*row.member;
        const bool absent = back.*row.member == built_in.*row.member;
        CHECK(same == (row.how != domain::stored::no));
        CHECK(absent == (row.how == domain::stored::no));
        if (same) {
            const auto found = text.find("\"" + std::string{row.name} + "\":", place);
            REQUIRE(found != std::string::npos);
            place = found;
        }
    });
}

TEST_CASE("an option that has a range refuses a value beyond it, and the error names it")
{
    domain::for_each_option([]<class T, class Range, class Default>(const domain::option<T, Range, Default>& row) {
        INFO(row.name);
        job_options options;
        set(options.*row.member);
        CHECK(field_at_fault(options) == "");
        if constexpr (!std::is_same_v<Range, domain::any_value>) {
            break_range(options.*row.member);
            const auto field = field_at_fault(options);
            CHECK(field.substr(0, field.find('.')) == row.name);
        }
    });
}

TEST_SUITE_END();
