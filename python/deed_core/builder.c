/* builder.c - a column of plain Python values -> Arrow buffers.
 *
 * 1. Each value is converted as for a single row (values_in.c), so that both ways accept and refuse the same.
 * 2. The first value that is not None decides the column's type; values of that type are appended to its buffers.
 * 3. If a value of another type turns up, or one without an Arrow type that keeps all of it (zoned datetimes, durations,
 *    lists, maps), the column is left as values, and the load stores it row by row. The rest is still converted once, so
 *    that a value that cannot be stored is found before anything is written.
 */
#include "columns.h"

typedef struct Builder {
    Column *column;
    size_t count;     /* values in all */
    size_t filled;
    size_t null_count;
    uint32_t type;    /* DEED_NULL until the first value */
    size_t dimension; /* of vectors */
    size_t data_size; /* of text */
    size_t data_capacity;
} Builder;

enum { VALIDITY = 0, DATA = 1, OFFSETS = 2 }; /* in column->memory */

static int
no_memory(void)
{
    PyErr_NoMemory();
    return -1;
}

/* ---- Appending ----------------------------------------------------------------------------------------------- */

static bool
is_text(uint32_t type)
{
    return type == DEED_STRING || type == DEED_BYTES;
}

/* Allocates for the type of the first value; what came before were nulls, whose slots are zero. 1: no Arrow type. */
static int
choose_type(Builder *builder, const deed_value *value)
{
    size_t width = sizeof(int64_t);
    switch (value->type) {
    case DEED_BOOL:
    case DEED_INT64:
    case DEED_FLOAT64:
    case DEED_DATE:
    case DEED_LOCAL_TIME:
    case DEED_LOCAL_DATETIME:
        break;
    case DEED_STRING:
    case DEED_BYTES:
        builder->column->memory[OFFSETS] = calloc(builder->count + 1, sizeof(int64_t));
        if (builder->column->memory[OFFSETS] == NULL)
            return no_memory();
        width = 0;
        break;
    case DEED_VECTOR:
        builder->dimension = value->as.vector.count;
        if (builder->dimension == 0 || builder->dimension > INT32_MAX)
            return 1;
        width = builder->dimension * sizeof(float);
        break;
    default:
        return 1;
    }
    builder->type = value->type;
    if (width > 0) {
        builder->column->memory[DATA] = calloc(builder->count, width);
        if (builder->column->memory[DATA] == NULL)
            return no_memory();
    }
    return 0;
}

static int
append_text(Builder *builder, const deed_value *value)
{
    size_t needed = builder->data_size + value->as.text.size;
    if (needed > builder->data_capacity) {
        size_t capacity = needed + needed / 2 + 64;
        void *data = realloc(builder->column->memory[DATA], capacity);
        if (data == NULL)
            return no_memory();
        builder->column->memory[DATA] = data;
        builder->data_capacity = capacity;
    }
    if (value->as.text.size > 0)
        memcpy((char *)builder->column->memory[DATA] + builder->data_size, value->as.text.data, value->as.text.size);
    builder->data_size = needed;
    return 0;
}

/* A local datetime in microseconds; 1 if it has nanoseconds or is too far away. */
static int
append_datetime(int64_t *slot, const deed_value *value)
{
    int64_t microseconds;
    if (value->as.datetime.nanoseconds % 1000 != 0 ||
        __builtin_mul_overflow(value->as.datetime.seconds, 1000000, &microseconds) ||
        __builtin_add_overflow(microseconds, value->as.datetime.nanoseconds / 1000, slot))
        return 1;
    return 0;
}

/* A value of the builder's type into the next slot; 1 if it does not suit the Arrow type. */
static int
append_value(Builder *builder, const deed_value *value)
{
    size_t row = builder->filled;
    int64_t *integers = builder->column->memory[DATA];
    switch (value->type) {
    case DEED_BOOL:
        ((uint8_t *)integers)[row / 8] |= (uint8_t)(value->as.boolean << (row % 8));
        return 0;
    case DEED_INT64:
    case DEED_LOCAL_TIME:
        integers[row] = value->as.integer;
        return 0;
    case DEED_FLOAT64:
        memcpy(&integers[row], &value->as.number, sizeof(double));
        return 0;
    case DEED_DATE:
        ((int32_t *)integers)[row] = (int32_t)value->as.integer;
        return value->as.integer != (int32_t)value->as.integer;
    case DEED_LOCAL_DATETIME:
        return append_datetime(&integers[row], value);
    case DEED_VECTOR:
        if (value->as.vector.count != builder->dimension)
            return 1;
        memcpy((float *)integers + row * builder->dimension, value->as.vector.items, builder->dimension * sizeof(float));
        return 0;
    default:
        return append_text(builder, value);
    }
}

/* 1: the column cannot be an Arrow column. */
static int
append(Builder *builder, const deed_value *value)
{
    int result = 0;
    if (value->type == DEED_NULL) {
        builder->null_count++;
    } else {
        if (builder->type == DEED_NULL)
            result = choose_type(builder, value);
        if (result == 0)
            result = value->type == builder->type ? append_value(builder, value) : 1;
        if (result == 0)
            ((uint8_t *)builder->column->memory[VALIDITY])[builder->filled / 8] |= (uint8_t)(1 << (builder->filled % 8));
    }
    builder->filled++;
    if (is_text(builder->type))
        ((int64_t *)builder->column->memory[OFFSETS])[builder->filled] = (int64_t)builder->data_size;
    return result;
}

/* ---- The finished column ------------------------------------------------------------------------------------- */

/* Offsets of 32 bits where they suffice, which everything understands: narrowed in place, the reads ahead of the writes. */
static const char *
finish_text(Builder *builder)
{
    bool small = builder->data_size <= INT32_MAX;
    const int64_t *wide = builder->column->memory[OFFSETS];
    int32_t *narrow = builder->column->memory[OFFSETS];
    for (size_t i = 0; small && i <= builder->count; i++)
        narrow[i] = (int32_t)wide[i];
    if (builder->type == DEED_STRING)
        return small ? "u" : "U";
    return small ? "z" : "Z";
}

static const char *
format_of(uint32_t type)
{
    switch (type) {
    case DEED_BOOL:
        return "b";
    case DEED_FLOAT64:
        return "g";
    case DEED_DATE:
        return "tdD";
    case DEED_LOCAL_TIME:
        return "ttn";
    case DEED_LOCAL_DATETIME:
        return "tsu:";
    default:
        return "l"; /* also for a column of nothing but None */
    }
}

static int
finish(Builder *builder)
{
    Column *column = builder->column;
    int64_t count = (int64_t)builder->count, null_count = (int64_t)builder->null_count;
    if (column->memory[DATA] == NULL && (column->memory[DATA] = calloc(builder->count + 1, sizeof(int64_t))) == NULL)
        return no_memory();
    column->buffers[0] = null_count > 0 ? column->memory[VALIDITY] : NULL;
    column->buffers[1] = column->memory[DATA];
    if (is_text(builder->type)) {
        const char *format = finish_text(builder);
        column->buffers[1] = column->memory[OFFSETS];
        column->buffers[2] = column->memory[DATA];
        column_describe(column, format, count, null_count, 3);
    } else if (builder->type == DEED_VECTOR) {
        column_describe_vectors(column, (int64_t)builder->dimension, count, null_count);
    } else {
        column_describe(column, format_of(builder->type), count, null_count, 2);
    }
    return 0;
}

int
column_from_values(ModuleState *state, PyObject *values, Column *column)
{
    size_t count = (size_t)PyTuple_GET_SIZE(values);
    Builder builder = {.column = column, .count = count};
    bool mixed = false;
    column->length = count;
    column->memory[VALIDITY] = calloc(count / 8 + 1, 1);
    if (column->memory[VALIDITY] == NULL)
        return no_memory();
    for (size_t i = 0; i < count; i++) {
        Conversion conversion;
        deed_value value;
        conversion_begin(&conversion, state);
        int result = convert_value(&conversion, PyTuple_GET_ITEM(values, (Py_ssize_t)i), &value, 0);
        if (result == 0 && !mixed)
            result = append(&builder, &value);
        conversion_end(&conversion);
        if (result < 0)
            return -1;
        mixed = mixed || result > 0;
    }
    if (!mixed)
        return finish(&builder);
    column->values = Py_NewRef(values);
    return 0;
}
