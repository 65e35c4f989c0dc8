#pragma once

// Coroutines that compile and then run wrongly are worse than a refusal: the build stops here, in user code too.
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
#error                                                                                                                 \
    "cofila: GCC before 13 destroys temporaries of co_await expressions twice (GCC PR 107288, 99576). Use GCC >= 13 or Clang >= 16."
#elif defined(__clang__) && !defined(__apple_build_version__) && __clang_major__ < 16
#error "cofila: Clang before 16 is not supported. Use Clang >= 16 or GCC >= 13."
#endif
