#include "runtime/describe_exception.hpp"

#include <cofila/error.hpp>

#include <boost/core/demangle.hpp>
#include <boost/exception/diagnostic_information.hpp>
#include <boost/exception/exception.hpp>

#include <string>
#include <typeinfo>

namespace cofila {

namespace {

/// `what()` may be the user's: it may throw, or return null.
std::string text_of(const std::exception& e)
{
    try {
        const char* text = e.what();
        return text ? text : "";
    } catch (...) {
        return "exception whose what() throws";
    }
}

void add_line(std::string& lines, const std::string& line)
{
    if (!lines.empty())
        lines += '\n';
    lines += line;
}

void add_nested(std::string& lines, const std::exception& outer)
{
    const auto* nested = dynamic_cast<const std::nested_exception*>(&outer);
    if (!nested || !nested->nested_ptr())
        return;
    const auto inner = describe_exception(nested->nested_ptr());
    add_line(lines, "caused by " + inner.type + ": " + inner.message);
    if (!inner.detail.empty())
        add_line(lines, inner.detail);
}

failure describe(const std::exception& e)
{
    failure out{.message = text_of(e), .type = boost::core::demangle(typeid(e).name())};
    out.unrecoverable = dynamic_cast<const unrecoverable_error*>(&e) != nullptr;
    if (const auto* informed = dynamic_cast<const boost::exception*>(&e))
        add_line(out.detail, boost::diagnostic_information(*informed, false));
    add_nested(out.detail, e);
    return out;
}

}  // namespace

failure describe_exception(std::exception_ptr error)
{
    try {
        std::rethrow_exception(std::move(error));
    } catch (const std::exception& e) {
        return describe(e);
    } catch (const std::string& text) {
        return {.message = text, .type = "std::string"};
    } catch (const char* text) {
        return {.message = text ? text : "", .type = "const char*"};
    } catch (...) {
        return {.message = "exception of a type not derived from std::exception", .type = "unknown"};
    }
}

}  // namespace cofila
