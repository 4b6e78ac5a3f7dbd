/* columns.h - the columns of a bulk load on their way from Python into an Arrow C stream (column.c, builder.c,
 * columns.c, load.c).
 *
 * A load is one synchronous call of the engine, which consumes and releases the stream before it returns. So the columns
 * belong to the caller's ColumnSet, the structs handed out in the stream only point into it, and their release callbacks
 * have nothing to free and need no GIL. No Python object is touched while the engine reads. */
#ifndef DEED_COLUMNS_H
#define DEED_COLUMNS_H

#include "deed_core.h"

/* Rows in one batch of the stream: also how often the engine can report progress. */
#define BATCH_ROWS 65536

typedef struct Column {
    const char *name;    /* borrowed from the set's names */
    uint64_t length;
    struct ArrowSchema schema;
    struct ArrowArray *chunks; /* &own, or imported ones, which are released and freed with the column */
    size_t chunk_count;
    PyObject *values;    /* a tuple if the values have no common Arrow type: they are stored row by row */

    /* Position of the stream */
    size_t chunk;
    int64_t position;

    /* What a column made here consists of */
    struct ArrowArray own;
    const void *buffers[3];
    struct ArrowSchema item_schema; /* of a fixed-size list */
    struct ArrowSchema *item_schemas[1];
    struct ArrowArray item;
    struct ArrowArray *items[1];
    const void *item_buffers[2];
    char format[24];
    void *memory[3];     /* malloc'ed validity, data and offsets */
    Py_buffer view;      /* the NumPy array the data lies in */
    bool has_view;
} Column;

/* column.c: fills in *column, which is all zero. On failure column_clear is still the caller's to call. */
int column_from_object(ModuleState *state, PyObject *object, Column *column);
void column_clear(Column *column);

/* Makes the column's Arrow structs from its buffers (validity, data or offsets, data). */
void column_describe(Column *column, const char *format, int64_t length, int64_t null_count, int64_t buffer_count);
void column_describe_vectors(Column *column, int64_t dimension, int64_t length, int64_t null_count);

/* builder.c: one pass over a tuple, which finds the common type or sets column->values. */
int column_from_values(ModuleState *state, PyObject *values, Column *column);

typedef struct ColumnSet {
    ModuleState *state;
    PyObject *names; /* list of the columns' names, which keeps their text alive */
    Column *columns;
    size_t count;
    uint64_t rows;
    uint64_t position;
    bool has_table;  /* the columns came as one foreign stream, `table` */
    struct ArrowArrayStream table;
} ColumnSet;

/* columns.c: from a mapping of columns or an object with __arrow_c_stream__; NULL or None for no columns. Call columns_clear after. */
int columns_collect(ModuleState *state, PyObject *object, ColumnSet *set);
void columns_clear(ColumnSet *set);
bool columns_have_values(const ColumnSet *set); /* whether any column is to be stored row by row */

/* A stream over all columns with an Arrow type; it must be released before the set is cleared. */
void columns_open(ColumnSet *set, struct ArrowArrayStream *out_stream);

#endif
