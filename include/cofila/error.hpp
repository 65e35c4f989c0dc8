#pragma once
#include <cofila/detail/compiler.hpp>

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace cofila {

/// Every way in which a call can fail. The text of the `error` names what was wrong and what to do.
enum class errc {
    /// An argument or option is out of range; `error::field()` names it. Nothing was stored.
    invalid_argument = 1,
    payload_too_large,  ///< Data, progress or a result is longer than `queue_options::size_limit`. Nothing was stored.
    payload_undecodable,  ///< Stored JSON does not fit the C++ type; the text names the path, such as `$.subject`.
    not_found,            ///< No job has this id.
    wrong_state,      ///< The job's state does not allow the operation; the text names that state and the required one.
    lock_lost,        ///< The claim's token no longer holds the job's lock. Nothing was changed.
    closed,           ///< The queue or the engine has been closed.
    storage_busy,     ///< Another connection held the file for longer than `engine_options::operation_deadline`, a
                      ///< statement took longer, or memory ran out. Nothing was changed.
    storage_full,     ///< No space is left. Nothing was changed.
    storage_corrupt,  ///< The file is damaged or is not a database.
    storage_readonly,  ///< The file or its folder cannot be opened or written. Nothing was changed.
    storage_foreign,   ///< The file belongs to another application, or there is a foreign trigger or the like on
                       ///< cofila's tables; the file was left untouched.
    storage_newer,     ///< The file was written or migrated by a newer version; it was left untouched.
    outcome_unknown,   ///< The disk failed during the commit: the change may or may not be there after a restart.
    job_failed,        ///< The awaited job has failed; the text has its reason.
    timed_out,         ///< The awaited event did not happen in time.
    internal,          ///< A bug in this library, not damage to the file. Nothing was changed; please report it.
};

const boost::system::error_category& error_category() noexcept;
boost::system::error_code make_error_code(errc code) noexcept;

/// The exception that the functions of this library throw. `what()` is the text for a human reader.
class error : public boost::system::system_error {
public:
    error(errc code, std::string text);
    /// For `errc::invalid_argument`: `field` is the faulty option or argument, and begins the text.
    error(errc code, std::string_view field, std::string_view text);

    /// Copies `inner`, with `where` before its text and its field.
    error(std::string_view where, const error& inner);

    const char* what() const noexcept override { return text_->c_str(); }
    /// Returns the faulty option or argument; empty if there is none.
    const std::string& field() const noexcept { return *field_; }

private:
    std::shared_ptr<const std::string> text_;  // shared, so that copying an exception cannot throw
    std::shared_ptr<const std::string> field_;
};

/// Thrown by a processor to fail the job for good, whatever attempts are left.
class unrecoverable_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace cofila

template <>
struct boost::system::is_error_code_enum<cofila::errc> : std::true_type {};
