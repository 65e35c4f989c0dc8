#pragma once

namespace cofila {

/// How JSON is read into a struct that is described with Boost.Describe. A member that is absent keeps its initialiser
/// either way.
enum class decoding {
    lenient,  ///< Members that the struct does not have are ignored.
    strict,   ///< They are `errc::payload_undecodable`, and so is an object with none of the struct's members.
};

}  // namespace cofila
