#include <cofila/error.hpp>
#include <cofila/job_id.hpp>
#include <cofila/job_state.hpp>

#include <ostream>
#include <utility>

namespace cofila {

namespace {

class category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "cofila"; }
    std::string message(int code) const override
    {
        switch (static_cast<errc>(code)) {
        case errc::invalid_argument:
            return "invalid argument";
        case errc::payload_too_large:
            return "payload too large";
        case errc::payload_undecodable:
            return "payload cannot be decoded";
        case errc::not_found:
            return "no such job";
        case errc::wrong_state:
            return "job is in the wrong state";
        case errc::lock_lost:
            return "lock lost";
        case errc::closed:
            return "closed";
        case errc::storage_busy:
            return "storage busy";
        case errc::storage_full:
            return "storage full";
        case errc::storage_corrupt:
            return "storage corrupt";
        case errc::storage_readonly:
            return "storage cannot be opened or written";
        case errc::storage_foreign:
            return "file of another application";
        case errc::storage_newer:
            return "file of a newer version";
        case errc::job_failed:
            return "job has failed";
        case errc::timed_out:
            return "timed out";
        case errc::outcome_unknown:
            return "outcome unknown";
        case errc::internal:
            return "internal error";
        }
        return "unknown error";
    }
};

std::string joined(std::string_view field, std::string_view text)
{
    std::string out{field};
    out += ' ';
    out += text;
    return out;
}

}  // namespace

const boost::system::error_category& error_category() noexcept
{
    static const category instance;
    return instance;
}

boost::system::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), error_category()}; }

error::error(errc code, std::string text)
    : system_error{make_error_code(code)},
      text_{std::make_shared<const std::string>(std::move(text))},
      field_{std::make_shared<const std::string>()}
{}

error::error(errc code, std::string_view field, std::string_view text)
    : system_error{make_error_code(code)},
      text_{std::make_shared<const std::string>(joined(field, text))},
      field_{std::make_shared<const std::string>(field)}
{}

error::error(std::string_view where, const error& inner)
    : system_error{inner.code()},
      text_{std::make_shared<const std::string>(std::string{where} + *inner.text_)},
      field_{
          inner.field_->empty() ? inner.field_ : std::make_shared<const std::string>(std::string{where} + *inner.field_)
      }
{}

std::ostream& operator<<(std::ostream& out, const job_id& id) { return out << id.str(); }

std::string_view to_string(job_state state) noexcept
{
    switch (state) {
    case job_state::waiting:
        return "waiting";
    case job_state::delayed:
        return "delayed";
    case job_state::active:
        return "active";
    case job_state::waiting_children:
        return "waiting_children";
    case job_state::completed:
        return "completed";
    case job_state::failed:
        return "failed";
    }
    return "unknown";
}

std::ostream& operator<<(std::ostream& out, job_state state) { return out << to_string(state); }

}  // namespace cofila
