/* attributes.c - the names of attributes and methods that the extension asks of other objects. */
#include "deed_core.h"

Attributes attributes;

int
attributes_init(void)
{
#define INTERN(name, text) \
    if (attributes.name == NULL && (attributes.name = PyUnicode_InternFromString(text)) == NULL) \
        return -1;
    FOR_EACH_ATTRIBUTE(INTERN)
#undef INTERN
    return 0;
}
