/* What the C library offers and Swift's view of it does not show. */
#include "CDeedShims.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

void shim_trim_heap(void) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
