/* Loops over columns that gain by what the processor can do beyond x86-64's least common denominator, which the rest of the
 * library is compiled for. Each is compiled twice, and which one runs is decided when it is called. */
#include "CDeedShims.h"

/* Without a branch, which data mostly foils, and without a comparison, which vectors of 64 bits have only since SSE4.2: what is
 * left is the borrow of a subtraction. */
static inline __attribute__((always_inline)) size_t count_within(
    const int64_t *values, size_t count, int64_t least, uint64_t span) {
    size_t outside = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t distance = (uint64_t)values[i] - (uint64_t)least;
        outside += ((~span & distance) | (~(span ^ distance) & (span - distance))) >> 63;
    }
    return count - outside;
}

#ifdef __x86_64__
static __attribute__((target("avx2"))) size_t count_within_avx2(
    const int64_t *values, size_t count, int64_t least, uint64_t span) {
    return count_within(values, count, least, span);
}
#endif

size_t shim_count_within(const int64_t *values, size_t count, int64_t least, uint64_t span) {
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2")) return count_within_avx2(values, count, least, span);
#endif
    return count_within(values, count, least, span);
}
