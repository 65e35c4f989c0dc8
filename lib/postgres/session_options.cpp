#include "postgres/session.hpp"

/// Options of jobs, which many of them share.
namespace cofila::postgres {

const std::string& session::options_text(const std::shared_ptr<const job_options>& options)
{
    if (options != last_options_) {
        last_text_ = domain::options_to_json(*options);
        last_number_.reset();
        last_options_ = options;
    }
    return last_text_;
}

std::optional<std::int64_t> session::options_number(const std::shared_ptr<const job_options>& options)
{
    if (!domain::may_be_shared(*options))
        return {};
    const auto& text = options_text(options);
    if (last_number_)
        return last_number_;
    auto known = sql_.query("SELECT number FROM @options WHERE hash = sha256(convert_to($1, 'UTF8'))", text);
    if (known.step())
        return last_number_ = known.number(0);
    if (!enough_options_) {
        auto made = sql_.query(
            "INSERT INTO @options (text, hash) SELECT $1, sha256(convert_to($1, 'UTF8')) "
            "WHERE (SELECT count(*) FROM @options) < 1000 ON CONFLICT (hash) DO UPDATE SET text = excluded.text "
            "RETURNING number",
            text
        );
        enough_options_ = !made.step();
        if (!enough_options_)
            last_number_ = made.number(0);
    }
    return last_number_;
}

std::shared_ptr<const job_options> session::options(std::int64_t number)
{
    if (const auto known = shared_options_.find(number); known != shared_options_.end())
        return known->second;
    auto row = sql_.query("SELECT text FROM @options WHERE number = $1::int", number);
    if (!row.step())
        return nullptr;
    return shared_options_[number] = options_cache_.parse(row.text(0));
}

}  // namespace cofila::postgres
