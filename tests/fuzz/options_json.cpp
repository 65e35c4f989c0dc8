// The stored text of a job's options: any program may have written it.
#include "domain/options_json.hpp"

#include "domain/backoff.hpp"
#include "domain/validation.hpp"
#include "fuzz/input.hpp"

using namespace cofila;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const auto text = fuzz::text_of(data, size);
    fuzz::succeeds_or(errc::storage_corrupt, [&] {
        const auto options = domain::options_from_json(text);
        domain::check(options);
        fuzz::require(
            domain::options_from_json(domain::options_to_json(options)) == options, "the way back is the same"
        );
        for (const int n : {1, 2, 64, *options.attempts}) {
            const auto wait = domain::next_delay(*options.backoff, n, 0.5);
            fuzz::require(wait >= milliseconds{} && wait <= options.backoff->max, "a wait is within its bounds");
        }
    });
    return 0;
}
