// That this program links is the test: every public header compiles alone, and no two of them define the same thing.
#include <cofila/error.hpp>

int main() { return cofila::make_error_code(cofila::errc::closed).category() == cofila::error_category() ? 0 : 1; }
