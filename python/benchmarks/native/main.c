/* main.c - the native measurements' command line: native MEASUREMENT PATH NUMBERS... */
#include "native.h"

static long number(char **arguments, int count, int index) {
    if (index >= count) {
        fprintf(stderr, "too few arguments\n");
        exit(2);
    }
    return strtol(arguments[index], NULL, 10);
}

int main(int count, char **arguments) {
    if (count < 3) {
        fprintf(stderr, "usage: native writers|recovery-prepare|recovery|super-node|limit|limit-recovery PATH NUMBERS...\n");
        return 2;
    }
    const char *what = arguments[1], *path = arguments[2];
    long first = number(arguments, count, 3);
    if (strcmp(what, "writers") == 0) {
        return measure_writers(path, first, number(arguments, count, 4), number(arguments, count, 5));
    }
    if (strcmp(what, "recovery-prepare") == 0) return prepare_recovery(path, first);
    if (strcmp(what, "recovery") == 0) return measure_recovery(path, first);
    if (strcmp(what, "super-node") == 0) return measure_super_node(path, first);
    if (strcmp(what, "limit") == 0) {
        return measure_limit(path, first << 20, number(arguments, count, 4), number(arguments, count, 5),
                             number(arguments, count, 6));
    }
    if (strcmp(what, "limit-recovery") == 0) {
        return measure_limit_recovery(path, first << 20, number(arguments, count, 4), number(arguments, count, 5));
    }
    fprintf(stderr, "no measurement is called %s\n", what);
    return 2;
}
