#pragma once

namespace cofila {

/// How JSON is read into a struct that is described with Boost.Describe. In both modes an absent member keeps its
/// initialiser.
enum class decoding {
    lenient,  ///< Members that the struct does not have are ignored.
    /// Members that the struct does not have are `errc::payload_undecodable`, and so is an object with none of the
    /// struct's members.
    strict,
};

}  // namespace cofila
