/* deed.h - the C interface of Deed, an embedded multi-model graph database.
 *
 * Link with -ldeedcore. The library contains everything of Swift that it needs; it depends on librocksdb only.
 *
 * The rules, which every function follows:
 *
 *  1. Handles are opaque. Destroying NULL does nothing. A child (transaction, scan, record buffer) keeps its database
 *     alive, so handles may be destroyed in any order. deed_database_close makes every later call on the database and
 *     on its children fail with DEED_CLOSED; the memory goes when the last handle is destroyed.
 *  2. A function that can fail returns a deed_status, 0 being success, and takes a `deed_error **out_error` as its last
 *     argument, which may be NULL. On failure it receives an error owned by the caller (deed_error_destroy); on success
 *     it is set to NULL. Other out-parameters are set to 0 or NULL on failure. A failed call has had no effect.
 *  3. Strings are a pointer and a size in bytes; they need no terminator; NUL bytes are data. Text must be UTF-8 and is
 *     checked. Strings handed out are NUL-terminated as well.
 *  4. `T **out_x`: the caller owns the result and destroys it. A returned `const` pointer is borrowed; its comment says
 *     until when. Never pass our memory to free().
 *  5. `deed_transaction *transaction` may be NULL: a read then sees the newest committed state, and a write commits by
 *     itself before the function returns, with the durability of the database.
 *  6. Threads: a database may be used by any number of threads at once. A transaction, a scan, a record buffer and an id
 *     array are for one thread at a time. Functions marked *may block* can wait for the disk or for a short latch.
 *  7. Options structs begin with their size, are filled by their init function, and grow only at the end.
 *  8. Numbers of statuses and types are never changed.
 *  9. After fork() the child must not touch a handle of its parent, nor open a store while the parent has one open:
 *     RocksDB's threads and locks do not survive a fork. Start a new process instead (fork and exec).
 */
#ifndef DEED_H
#define DEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DEED_API_VERSION 1

/* ---- Handles ------------------------------------------------------------------------------------------------- */

typedef struct deed_database deed_database;       /* an open store, on disk or in memory */
typedef struct deed_transaction deed_transaction; /* one unit of atomicity and one snapshot */
typedef struct deed_buffer deed_buffer;           /* room for one record, reused from call to call */
typedef struct deed_scan deed_scan;               /* a position in a scan over one table */
typedef struct deed_ids deed_ids;                 /* an array of ids (and depths), owned by the caller */
typedef struct deed_feed deed_feed;               /* a position in the change feed */
typedef struct deed_changes deed_changes;         /* a position in one record of it */
typedef struct deed_prepared_list deed_prepared_list; /* the prepared transactions of a moment, owned by the caller */
typedef struct deed_statement deed_statement;     /* a query that is ready to run, with its parameters */
typedef struct deed_result deed_result;           /* a position in the rows of a query */
typedef struct deed_error deed_error;             /* why a call failed */

/* ---- Status and errors --------------------------------------------------------------------------------------- */

typedef int32_t deed_status;

enum {
    DEED_OK = 0,
    /* 1-99: the caller's arguments */
    DEED_INVALID_ARGUMENT = 1, /* an argument outside its range; malformed UTF-8; nesting too deep */
    DEED_TYPE_MISMATCH = 2,    /* a value of a type that cannot be stored or converted there */
    DEED_NOT_FOUND = 3,        /* no entity or relationship with that id is visible */
    DEED_LIMIT_EXCEEDED = 4,   /* one of the limits of the engine; the message names it */
    DEED_READ_ONLY = 5,        /* a write on a database or transaction opened for reading */
    DEED_HAS_RELATIONSHIPS = 6,/* delete without detach of an entity that has relationships */
    DEED_CONSTRAINT_VIOLATION = 7, /* a unique index or a constraint forbids the write; the message names it */
    DEED_ALREADY_EXISTS = 8,   /* there is an index or a constraint of that name */
    /* 100-199: transactions */
    DEED_TRANSACTION_CONFLICT = 100, /* another transaction wrote the row first; roll back and try again */
    DEED_TRANSACTION_ENDED = 101,    /* the transaction was committed, rolled back or prepared already */
    DEED_DEADLOCK = 102,     /* transactions waited for each other in a circle; this one, the youngest, was rolled back */
    DEED_LOCK_TIMEOUT = 103, /* another transaction held a row for longer than the statement was to wait */
    DEED_SERIALIZATION_FAILURE = 104, /* what a serializable transaction has read was changed meanwhile; try it again */
    DEED_SNAPSHOT_TOO_OLD = 105, /* read-only: the database has opened the store anew since; begin again */
    /* 200-299: the store */
    DEED_STORE_LOCKED = 200, /* another process (or handle) has it open for writing */
    DEED_CORRUPTION = 201,   /* what is on disk fails its checks */
    DEED_IO_ERROR = 202,     /* the operating system refused; the message has its words */
    DEED_DISK_FULL = 203,    /* no space left on the device */
    DEED_NEWER_FORMAT = 204, /* written by a later version of Deed */
    DEED_NOT_RETAINED = 205, /* a commit whose record is no longer in the log, or never was; the message names the oldest */
    DEED_OUT_OF_SEQUENCE = 206, /* a record that does not follow the last one; the message names the one expected */
    /* 300-399: the process */
    DEED_OUT_OF_MEMORY = 300, /* the memory limit, or the system's */
    DEED_CLOSED = 301,        /* the database was closed */
    DEED_INTERRUPTED = 302,   /* a progress callback asked to stop */
    DEED_INTERNAL = 399,      /* a bug in Deed; please report it */
    /* 400-499: queries; deed_error_detail says what exactly, deed_error_position where */
    DEED_SYNTAX_ERROR = 400,     /* not a query, or one that can never work */
    DEED_SEMANTIC_ERROR = 401,   /* a query without a meaning here */
    DEED_PARAMETER_MISSING = 402,/* a parameter was not bound */
    DEED_TYPE_ERROR = 403,       /* a value of a type that the operation does not take */
    DEED_ARGUMENT_ERROR = 404,   /* an argument outside its range */
    DEED_ARITHMETIC_ERROR = 405, /* overflow, division by zero */
    DEED_ENTITY_NOT_FOUND = 406, /* a node or relationship that was deleted */
    DEED_PROCEDURE_ERROR = 407,  /* no such procedure, or it failed */
    DEED_STILL_CONNECTED = 408   /* DELETE of a node that still has relationships */
};

/* Static text such as "DEED_NOT_FOUND"; "DEED_UNKNOWN" for a number that is none. Any thread. */
const char *deed_status_name(deed_status status);

/* The status of an error; 0 for NULL. */
deed_status deed_error_status(const deed_error *error);
/* The message, borrowed until the error is destroyed. out_size may be NULL. */
const char *deed_error_message(const deed_error *error, size_t *out_size);
/* Of an error of a query: what exactly is wrong, in one word as openCypher has it, such as "UndefinedVariable"; "" otherwise.
 * Borrowed until the error is destroyed. */
const char *deed_error_detail(const deed_error *error, size_t *out_size);
/* Of an error of a query: the bytes of its text that it is about. False if they are not known. */
bool deed_error_position(const deed_error *error, size_t *out_start, size_t *out_end);
/* What SQL calls the error, as PostgreSQL has it: static text of five characters such as "23505"; "00000" for NULL. */
const char *deed_error_sqlstate(const deed_error *error);
void deed_error_destroy(deed_error *error);

/* DEED_API_VERSION of the library. Any thread. */
uint32_t deed_api_version(void);
/* The version of the library, such as "0.1.0": static text. Any thread. */
const char *deed_version(void);

/* ---- Values -------------------------------------------------------------------------------------------------- */

typedef enum deed_type {
    DEED_NULL = 0,
    DEED_BOOL = 1,
    DEED_INT64 = 2,
    DEED_FLOAT64 = 3,        /* NaN and infinities are legal */
    DEED_STRING = 4,         /* UTF-8 */
    DEED_BYTES = 5,
    DEED_DATE = 6,           /* days since 1970-01-01 */
    DEED_LOCAL_TIME = 7,     /* nanoseconds since midnight */
    DEED_ZONED_TIME = 8,     /* nanoseconds since midnight, local, and the offset from UTC */
    DEED_LOCAL_DATETIME = 9, /* seconds since 1970-01-01T00:00:00 and nanoseconds, without a zone */
    DEED_ZONED_DATETIME = 10,/* seconds since the epoch in UTC and nanoseconds, the offset, and a zone name or none */
    DEED_DURATION = 11,      /* months, days, seconds and nanoseconds, each kept apart */
    DEED_LIST = 12,
    DEED_MAP = 13,           /* keys are distinct strings; order is not kept */
    DEED_VECTOR = 14,        /* an embedding: 32-bit floats */
    /* Only in results of queries: */
    DEED_ELEMENT_ENTITY = 15,       /* a node */
    DEED_ELEMENT_RELATIONSHIP = 16,
    DEED_PATH = 17,
    /* Everywhere again: */
    DEED_DECIMAL = 18        /* an exact decimal number of up to 38 digits, 0 to 38 of them behind the point */
} deed_type;

struct deed_map_entry;
struct deed_element;
struct deed_path;

/* One value. Which member of `as` holds it follows from `type`. 32 bytes. */
typedef struct deed_value {
    uint32_t type;  /* a deed_type */
    int32_t extra;  /* ZONED_TIME, ZONED_DATETIME: offset from UTC in seconds; DURATION, LOCAL_DATETIME,
                       see `nanoseconds` below; DECIMAL: the digits behind the point */
    union {
        bool boolean;
        int64_t integer; /* INT64; DATE: days; LOCAL_TIME, ZONED_TIME: nanoseconds since midnight */
        double number;
        struct { const char *data; size_t size; } text; /* STRING, BYTES */
        struct { int64_t seconds; uint32_t nanoseconds; uint32_t zone_size; const char *zone; } datetime;
        struct { int64_t months; int64_t days; int64_t seconds; } duration; /* nanoseconds, 0 to 999,999,999, in `extra` */
        struct { const struct deed_value *items; size_t count; } list;
        struct { const struct deed_map_entry *entries; size_t count; } map;
        struct { const float *items; size_t count; } vector;
        const struct deed_element *element; /* ELEMENT_ENTITY, ELEMENT_RELATIONSHIP */
        const struct deed_path *path;
        struct { uint64_t low; int64_t high; } decimal; /* its digits as one integer of 128 bits: high * 2^64 + low.
                                                           1.50 is 150, and `extra` 2 */
    } as;
} deed_value;

typedef struct deed_map_entry {
    const char *key;
    size_t key_size;
    deed_value value;
} deed_map_entry;

typedef struct deed_text {
    const char *data; /* NUL-terminated too */
    size_t size;
} deed_text;

/* A node or relationship in the result of a query. */
typedef struct deed_element {
    uint64_t id;
    uint64_t source; /* relationships only, otherwise 0 */
    uint64_t target;
    const deed_text *labels; /* of a relationship: its type, alone */
    size_t label_count;
    const deed_map_entry *properties;
    size_t property_count;
} deed_element;

/* Nodes and the relationships between them, in order; one node more than relationships. */
typedef struct deed_path {
    const deed_element *entities;
    size_t entity_count;
    const deed_element *relationships;
    size_t relationship_count;
} deed_path;

/* A property: an interned key (deed_intern) and its value. */
typedef struct deed_property {
    uint32_t key;
    uint32_t reserved;
    deed_value value;
} deed_property;

/* An entity or a relationship as read. */
typedef struct deed_record {
    uint64_t id;
    uint64_t source;        /* relationships only, otherwise 0 */
    uint64_t target;        /* relationships only, otherwise 0 */
    uint32_t table;         /* the name id of its collection or relationship type */
    uint32_t property_count;
    const deed_property *properties; /* those that are not null, in ascending order of key */
} deed_record;

typedef enum deed_kind { DEED_ENTITY = 0, DEED_RELATIONSHIP = 1 } deed_kind;

/* Relationships seen from an entity: those that leave it, those that reach it, or both (a self-loop then counts twice). */
typedef enum deed_direction { DEED_OUT = 0, DEED_IN = 1, DEED_BOTH = 2 } deed_direction;

/* Stands for "any" where a relationship type is asked for. */
#define DEED_ANY UINT32_MAX

/* ---- Opening and closing ------------------------------------------------------------------------------------- */

typedef enum deed_durability {
    DEED_SYNC = 0,  /* a commit returns once it is on disk (default) */
    DEED_ASYNC = 1, /* a commit returns once the operating system has it; synced at least every second */
    DEED_NONE = 2   /* no log; what was written since the last checkpoint is lost in a crash, and only as a whole */
} deed_durability;

/* What a statement does that meets a row, or a key of a unique index, that another running transaction holds. */
typedef enum deed_on_conflict {
    DEED_FAIL = 0, /* it fails with TRANSACTION_CONFLICT at once (default) */
    DEED_WAIT = 1  /* it waits until the other transaction has let go of it, and then runs again */
} deed_on_conflict;

/* Called about every 20 ms by a statement that waits for another transaction, on its thread. Return false to make it fail
 * with INTERRUPTED. */
typedef bool (*deed_keep_waiting)(void *user_data);

typedef struct deed_options {
    size_t struct_size;
    bool read_only;        /* follow what another process writes, see below; default false */
    bool create;           /* create the store if there is none; default true */
    int32_t durability;    /* a deed_durability; default DEED_SYNC */
    uint64_t memory_limit; /* bytes; 0: 80 % of what the machine has */
    uint64_t checkpoint_log_bytes; /* start a background checkpoint after so much log; default 64 MiB; 0: never */
    int32_t on_conflict;     /* a deed_on_conflict, for statements without a transaction and as the transactions' default */
    double conflict_timeout; /* seconds that a statement waits at most; default, and if negative: without limit */
    deed_keep_waiting keep_waiting; /* NULL: always */
    void *keep_waiting_data;
    uint64_t retain_log_bytes;   /* see deed_retain_log; default 1 MiB */
    uint64_t retain_log_seconds; /* see deed_retain_log; default 0 */
    bool before_images;    /* the log keeps each row as it was before an update or delete, for readers of the change
                              feed; default false */
    bool replica;          /* take records of another store's change feed (deed_apply) and refuse other writes; needs a
                              path; default false */
    uint32_t threads;      /* threads that one query may use, the caller's included; 0 (default): one for each processor */
    uint64_t parallel_rows_min; /* scans of fewer rows are done by one thread; default 65,536 */
    uint64_t query_memory; /* bytes of rows to be sorted, grouped or joined that a query holds before it puts them aside, in
                              temporary files; 0 (default): a quarter of the memory limit */
    const char *temporary_directory; /* where these files are; they have no names, and are gone with the process. NULL
                              (default): the directory of the store; for a store in memory and with read_only $TMPDIR,
                              /var/tmp or /tmp */
    size_t temporary_directory_size;
    uint64_t temporary_limit; /* bytes that these files may take together, beyond which a query fails with DISK_FULL; 0
                              (default): nine tenths of what the disk has free */
    uint32_t chunk_rows;   /* for tests: rows that an operator of a query hands on at once, at most; 0 (default) and more
                              than 2,048: 2,048 */
} deed_options;

/* Fills in the defaults. NULL is nothing to do. Any thread. */
void deed_options_init(deed_options *options);

/* Opens the store in the directory `path`, creating it if needed, or a store in memory when path is NULL.
 * options may be NULL. Recovery after a crash happens here: no committed transaction is lost, no file needs removing.
 * Errors: STORE_LOCKED, NEWER_FORMAT, CORRUPTION, IO_ERROR, INVALID_ARGUMENT. May block. Any thread. */
deed_status deed_database_open(const char *path, size_t path_size, const deed_options *options,
                               deed_database **out_database, deed_error **out_error);

/* A database that is opened with read_only needs no lock, writes nothing, and may be one of many, in this process and in
 * others, beside one that writes or none. It follows: commits become visible here shortly after they are made there (at
 * least every 20 ms it looks for more), in their order, each of them wholly or not at all. Where they are asked for
 * immediately: */

/* Waits until everything is visible here that had been written, by whichever process, when the call was made, and also the
 * commit `sequence` (deed_statistics.last_commit of the writer; 0 for none). When `timeout_ms` milliseconds are over it
 * returns all the same: *out_sequence is the last commit that is visible. On a database that writes it returns at once.
 * Errors: CLOSED, IO_ERROR, CORRUPTION, OUT_OF_MEMORY. Blocks. Any thread. */
deed_status deed_database_catch_up(deed_database *database, uint64_t sequence, uint64_t timeout_ms,
                                   uint64_t *out_sequence, deed_error **out_error);

/* Rolls back what is open, writes a checkpoint (unless read-only or in memory), and releases files and locks.
 * Closing twice is success. May block. Any thread. */
deed_status deed_database_close(deed_database *database, deed_error **out_error);

/* Closes without reporting an error if that has not been done, then releases the handle. */
void deed_database_destroy(deed_database *database);

/* Writes what has changed since the last checkpoint and drops the log below it. Does not stop readers or writers. May block. */
deed_status deed_checkpoint(deed_database *database, deed_error **out_error);

/* Gives space back: merges adjacency, rewrites string arenas, frees dead segments, checkpoints, compacts the files. May block. */
deed_status deed_compact(deed_database *database, deed_error **out_error);

/* ---- Names --------------------------------------------------------------------------------------------------- */

typedef enum deed_name_kind {
    DEED_COLLECTION = 0,
    DEED_RELATIONSHIP_TYPE = 1,
    DEED_PROPERTY_KEY = 2
} deed_name_kind;

/* The number of a name, given to it now if it has none. Numbers are small, dense and stable for the life of the store.
 * A name that only ever occurs in transactions that rolled back may be forgotten when the store is closed.
 * Errors: INVALID_ARGUMENT (not UTF-8, longer than 65,535 bytes), LIMIT_EXCEEDED, READ_ONLY (no number yet). Any thread. */
deed_status deed_intern(deed_database *database, deed_name_kind kind, const char *name, size_t name_size,
                        uint32_t *out_number, deed_error **out_error);

/* The number of a name if it has one: false otherwise. Any thread. */
bool deed_lookup(deed_database *database, deed_name_kind kind, const char *name, size_t name_size, uint32_t *out_number);

/* The name behind a number, borrowed as long as the database handle lives; NULL if there is none. Any thread. */
const char *deed_name(deed_database *database, deed_name_kind kind, uint32_t number, size_t *out_size);

/* How many names of a kind there are: their numbers are 0 to count - 1. Any thread. */
uint32_t deed_name_count(deed_database *database, deed_name_kind kind);

/* ---- Transactions -------------------------------------------------------------------------------------------- */

/* Begins a transaction that sees the state committed by now (snapshot isolation). Errors: CLOSED. Any thread. */
deed_status deed_transaction_begin(deed_database *database, bool read_only, deed_transaction **out_transaction,
                                   deed_error **out_error);

typedef enum deed_isolation {
    DEED_SNAPSHOT = 0,    /* one snapshot, and the first writer of a row wins (default) */
    DEED_SERIALIZABLE = 1 /* and nothing that it has read may change until it commits, or the commit fails */
} deed_isolation;

typedef struct deed_transaction_options {
    size_t struct_size;
    bool read_only;          /* default false */
    int32_t isolation;       /* a deed_isolation; default DEED_SNAPSHOT */
    int32_t on_conflict;     /* a deed_on_conflict; default: that of the database */
    double conflict_timeout; /* seconds that a statement waits at most; negative: without limit; default: that of the database */
} deed_transaction_options;

/* Fills in the defaults. options NULL is nothing to do. Any thread. */
void deed_transaction_options_init(const deed_database *database, deed_transaction_options *options);

/* As deed_transaction_begin, with options; NULL for the defaults.
 *
 * With DEED_WAIT a statement that meets what another running transaction holds is undone, waits (holding nothing but what
 * earlier statements of its transaction hold), and runs again. If the other has committed, the transaction gets its
 * TRANSACTION_CONFLICT, since its snapshot is older; if it was rolled back, the statement succeeds. When transactions wait for
 * each other in a circle, the youngest of them is rolled back at once and its statement fails with DEADLOCK; the message
 * lists the circle. Closing the database ends all waits with CLOSED.
 * Errors: CLOSED, INVALID_ARGUMENT. Any thread. */
deed_status deed_transaction_begin_with(deed_database *database, const deed_transaction_options *options,
                                        deed_transaction **out_transaction, deed_error **out_error);

/* The number by which messages call the transaction: later ones have higher numbers. 0 for NULL. */
uint64_t deed_transaction_number(const deed_transaction *transaction);

/* Whether it can still be used: neither committed nor rolled back (also because of a deadlock) nor prepared. */
bool deed_transaction_active(const deed_transaction *transaction);

/* Makes the transaction's writes durable and visible, all or none. It is ended afterwards, also when this fails.
 * Errors: TRANSACTION_ENDED, SERIALIZATION_FAILURE, IO_ERROR, DISK_FULL. May block. */
deed_status deed_transaction_commit(deed_transaction *transaction, deed_error **out_error);

/* Undoes the transaction's writes. Success if it has ended already. */
deed_status deed_transaction_rollback(deed_transaction *transaction, deed_error **out_error);

/* Rolls back if needed and releases the handle. */
void deed_transaction_destroy(deed_transaction *transaction);

/* Two-phase commit: makes the transaction's writes durable, but not visible, under a name of 1 to 200 bytes. It is ended for
 * its owner. It holds its rows, through crashes and restarts, until deed_prepared_commit or deed_prepared_rollback.
 * With an error of the arguments it goes on; with any other it is rolled back.
 * Errors: TRANSACTION_ENDED, ALREADY_EXISTS (the name), READ_ONLY, INVALID_ARGUMENT (the name; a serializable transaction;
 * one that has loaded in bulk; a store without a log), IO_ERROR, DISK_FULL. May block. */
deed_status deed_transaction_prepare(deed_transaction *transaction, const char *gid, size_t gid_size,
                                     deed_error **out_error);

/* Commits, or undoes, a prepared transaction: for good when the call returns, whatever the durability of the database.
 * Errors: NOT_FOUND, READ_ONLY, IO_ERROR, DISK_FULL. May block. Any thread. */
deed_status deed_prepared_commit(deed_database *database, const char *gid, size_t gid_size, deed_error **out_error);
deed_status deed_prepared_rollback(deed_database *database, const char *gid, size_t gid_size, deed_error **out_error);

/* A prepared transaction. */
typedef struct deed_prepared {
    const char *gid;
    size_t gid_size;
    int64_t prepared_at; /* microseconds since 1970-01-01T00:00:00 UTC */
    uint64_t inserted;   /* rows that it adds, changes and deletes */
    uint64_t updated;
    uint64_t deleted;
} deed_prepared;

/* The transactions that are prepared, in order of name. Any thread. */
deed_status deed_prepared_list_get(deed_database *database, deed_prepared_list **out_list, deed_error **out_error);
size_t deed_prepared_list_count(const deed_prepared_list *list);
const deed_prepared *deed_prepared_list_data(const deed_prepared_list *list); /* borrowed until destroyed */
void deed_prepared_list_destroy(deed_prepared_list *list);

/* ---- Entities and relationships ------------------------------------------------------------------------------ */

/* Every function below is one statement: if it fails it has changed nothing, and its transaction goes on. */

/* Adds an entity. properties: count of them, keys distinct; nulls are the same as leaving them out. O(properties).
 * Errors: INVALID_ARGUMENT, LIMIT_EXCEEDED, OUT_OF_MEMORY. */
deed_status deed_entity_add(deed_database *database, deed_transaction *transaction, uint32_t collection,
                            const deed_property *properties, size_t count, uint64_t *out_id, deed_error **out_error);

/* Adds a relationship. Parallel relationships and self-loops are legal. O(properties).
 * Errors: NOT_FOUND (an end), TRANSACTION_CONFLICT (an end is being deleted), as for an entity. */
deed_status deed_relationship_add(deed_database *database, deed_transaction *transaction, uint64_t source,
                                  uint64_t target, uint32_t type, const deed_property *properties, size_t count,
                                  uint64_t *out_id, deed_error **out_error);

/* A buffer that records are read into. Any thread. */
deed_status deed_buffer_create(deed_database *database, deed_buffer **out_buffer, deed_error **out_error);
void deed_buffer_destroy(deed_buffer *buffer);

/* Reads an entity or a relationship. *out_record is borrowed from the buffer until its next use, or NULL if there is
 * no such row. O(properties of its table). */
deed_status deed_record_get(deed_database *database, deed_transaction *transaction, deed_kind kind, uint64_t id,
                            deed_buffer *buffer, const deed_record **out_record, deed_error **out_error);

/* Sets the given properties and keeps the others; a null removes one. With `replace` the others are removed.
 * Errors: NOT_FOUND, TRANSACTION_CONFLICT, as for adding. */
deed_status deed_record_update(deed_database *database, deed_transaction *transaction, deed_kind kind, uint64_t id,
                               const deed_property *properties, size_t count, bool replace, deed_error **out_error);

/* Deletes an entity. With `detach` its relationships go first; without, having any is HAS_RELATIONSHIPS.
 * Errors: NOT_FOUND, TRANSACTION_CONFLICT, HAS_RELATIONSHIPS. O(degree). */
deed_status deed_entity_delete(deed_database *database, deed_transaction *transaction, uint64_t id, bool detach,
                               deed_error **out_error);

/* Errors: NOT_FOUND, TRANSACTION_CONFLICT. O(1). */
deed_status deed_relationship_delete(deed_database *database, deed_transaction *transaction, uint64_t id,
                                     deed_error **out_error);

/* ---- Neighbours and traversal -------------------------------------------------------------------------------- */

/* An array of ids, 64-bit, contiguous. What belongs to each position depends on the function that made it. */
size_t deed_ids_count(const deed_ids *ids);
const uint64_t *deed_ids_data(const deed_ids *ids);          /* borrowed until destroyed */
const uint32_t *deed_ids_depths(const deed_ids *ids);        /* the depth of each id, or NULL */
void deed_ids_destroy(deed_ids *ids);

/* The neighbours of an entity into `buffer`-owned arrays: *out_neighbors and *out_relationships (may be NULL: then they
 * are not collected) are borrowed from the buffer until its next use. Type by type, in the order in which they were added.
 * type: a number or DEED_ANY. Deposits pheromone on a sample of the relationships read. O(degree).
 * Errors: NOT_FOUND. */
deed_status deed_neighbors(deed_database *database, deed_transaction *transaction, uint64_t id, uint32_t type,
                           deed_direction direction, deed_buffer *buffer, const uint64_t **out_neighbors,
                           const uint64_t **out_relationships, size_t *out_count, deed_error **out_error);

/* The number of relationships of an entity. Errors: NOT_FOUND. O(1) where nothing is being changed, else O(degree). */
deed_status deed_degree(deed_database *database, deed_transaction *transaction, uint64_t id, uint32_t type,
                        deed_direction direction, uint64_t *out_degree, deed_error **out_error);

/* Breadth-first search: every entity other than the start that can be reached by at most max_depth relationships, once,
 * with its least depth, in order of depth. Deposits pheromone on a sample of the relationships followed.
 * Errors: NOT_FOUND, OUT_OF_MEMORY. O(entities + relationships reached). May block. */
deed_status deed_traverse(deed_database *database, deed_transaction *transaction, uint64_t start, uint32_t type,
                          deed_direction direction, uint32_t max_depth, deed_ids **out_ids, deed_error **out_error);

/* As deed_traverse, but only the number. */
deed_status deed_count_reachable(deed_database *database, deed_transaction *transaction, uint64_t start, uint32_t type,
                                 deed_direction direction, uint32_t max_depth, uint64_t *out_count,
                                 deed_error **out_error);

/* ---- Queries ------------------------------------------------------------------------------------------------- */

/* Called now and then by a query that runs long, on the thread that runs it. Return false to make it fail with INTERRUPTED. It must
 * not destroy the statement or the result whose call it is within. */
typedef bool (*deed_keep_going)(void *user_data);

/* Languages that statements are written in. */
typedef enum deed_language {
    DEED_LANGUAGE_OF_TEXT = 0, /* told by how the text begins; what could be either is Cypher */
    DEED_LANGUAGE_CYPHER = 1,
    DEED_LANGUAGE_SQL = 2,
} deed_language;

typedef struct deed_query_options {
    size_t struct_size;
    double timeout;             /* seconds; negative (default): no limit; when they are over: INTERRUPTED */
    uint32_t threads;           /* threads that the query may use, the caller's included; 0 (default): as the database says */
    deed_keep_going keep_going; /* NULL (default): always */
    void *keep_going_data;      /* must be good until the result is destroyed */
    int32_t language;           /* deed_language; of deed_statement_prepare only; DEED_LANGUAGE_OF_TEXT (default) */
} deed_query_options;

/* Fills in the defaults. NULL is nothing to do. Any thread. */
void deed_query_options_init(deed_query_options *options);

/* Prepares a statement of Cypher or SQL. A text that was prepared before costs a look-up. `options`: what can end
 * the planning of a text (timeout and keep_going, which is not called afterwards; `threads` is of no importance here); NULL:
 * nothing. Neither is asked while a sample of a property's values is taken.
 * Errors: SYNTAX_ERROR, PROCEDURE_ERROR, INVALID_ARGUMENT, INTERRUPTED, OUT_OF_MEMORY, CLOSED, and those of reading the store. May
 * block. Any thread; the statement is for one thread at a time. */
deed_status deed_statement_prepare(deed_database *database, const char *text, size_t text_size, const deed_query_options *options,
                                   deed_statement **out_statement, deed_error **out_error);

/* Gives a parameter its value, which is copied. It stays bound from run to run. Binding a name that the text does not
 * mention is allowed. Errors: INVALID_ARGUMENT, TYPE_MISMATCH. */
deed_status deed_statement_bind(deed_statement *statement, const char *name, size_t name_size, const deed_value *value,
                                deed_error **out_error);

/* The parameters in the order in which the text mentions them first, for binding by position. NULL beyond the last. */
const char *deed_statement_parameter(const deed_statement *statement, size_t position, size_t *out_size);

/* Takes all parameters' values away. */
void deed_statement_clear(deed_statement *statement);

/* Runs the statement. One that only reads computes its rows as they are fetched, on the snapshot of this moment. One that
 * changes something has run to its end when this returns, and its changes are committed if transaction is NULL; if it fails
 * it has changed nothing. options may be NULL.
 *
 * BEGIN opens a transaction of the calling thread: until COMMIT or ROLLBACK, all calls of the thread on this database that
 * are given no transaction belong to it. A thread that ends without either is rolled back. With a transaction given, BEGIN,
 * COMMIT and ROLLBACK are SEMANTIC_ERROR.
 * Errors: PARAMETER_MISSING, READ_ONLY, INTERRUPTED, OUT_OF_MEMORY, TRANSACTION_CONFLICT, and those of queries. May block. */
deed_status deed_statement_execute(deed_statement *statement, deed_transaction *transaction,
                                   const deed_query_options *options, deed_result **out_result, deed_error **out_error);

/* False if deed_statement_execute will not block: a statement that only reads is but begun, and what may take long is fetching
 * its rows. (Unless what its plan was made of has changed much since: then it is planned again first.) For hosts that give
 * a lock of their own up around calls that block. Cannot fail; false for NULL. */
bool deed_statement_waits(const deed_statement *statement);
void deed_statement_destroy(deed_statement *statement);

/* The columns. A statement without RETURN has none. The name is borrowed until the result is destroyed. */
size_t deed_result_column_count(const deed_result *result);
const char *deed_result_column_name(const deed_result *result, size_t column, size_t *out_size);

/* What is odd about the statement without being wrong: a label, relationship type or property that nothing in the database
 * has, most likely misspelt, with its place and a suggestion. Borrowed until the result is destroyed; NULL beyond the last. */
const char *deed_result_notice(const deed_result *result, size_t index, size_t *out_size);

/* The next row: one value for each column, borrowed until the next call or until the result is destroyed; *out_row is NULL
 * at the end. Errors: those of running. May block. One thread at a time. */
deed_status deed_result_next(deed_result *result, const deed_value **out_row, deed_error **out_error);

/* The next rows, at most `max` of them and no more than are good to have at once: their values, row after row, borrowed as
 * those of deed_result_next. *out_count is 0 at the end; *out_is_end says that this call has come to it. A query that fails
 * behind rows that it has computed gives these out first. May block. One thread at a time. */
deed_status deed_result_fetch(deed_result *result, size_t max, const deed_value **out_rows, size_t *out_count,
                              bool *out_is_end, deed_error **out_error);

/* The row that deed_result_next would give out after `ahead` others, without taking any; otherwise as deed_result_next. */
deed_status deed_result_peek(deed_result *result, size_t ahead, const deed_value **out_row, deed_error **out_error);

/* Rows that deed_result_next can give out without computing anything, so without blocking. */
size_t deed_result_ready(const deed_result *result);

struct ArrowArrayStream; /* below, with the scans */

/* Takes all rows that are left as an Arrow C stream of record batches, which depends on nothing any more. The query runs to
 * its end first, for the type of a column is decided over all of its rows: null, bool, int64, float64, date32, time64[ns] for
 * local times, timestamp[us] for datetimes (UTC if they have a zone), large_utf8, large_binary, and large_list<float32> for
 * vectors. Integers among floats become floats. Nodes are struct<id: uint64, labels: large_list<large_utf8>, properties:
 * large_utf8>, relationships struct<id: uint64, type: large_utf8, source: uint64, target: uint64, properties: large_utf8>,
 * their properties being JSON; paths are struct<nodes: large_list<node>, relationships: large_list<relationship>>. Zoned times,
 * durations, lists, maps, and columns of mixed type are text in large_utf8, lists and maps as JSON.
 * *out_stream is filled in; the caller releases it through its own release member. On failure the rows are still there.
 * Errors: those of running; TYPE_MISMATCH (an integer among floats that is no float, a date or time beyond Arrow's range);
 * OUT_OF_MEMORY. May block. One thread at a time. */
deed_status deed_result_arrow(deed_result *result, struct ArrowArrayStream *out_stream, deed_error **out_error);

/* What a statement has changed. */
typedef struct deed_changes_made {
    uint64_t nodes_created;
    uint64_t nodes_deleted;
    uint64_t relationships_created;
    uint64_t relationships_deleted;
    uint64_t properties_set;     /* values given to properties, removals included */
    uint64_t properties_added;   /* values that are there now and were not before */
    uint64_t properties_removed; /* values that were there before and are not now; another value is both */
    uint64_t labels_added;
    uint64_t labels_removed;
} deed_changes_made;
void deed_result_changes(const deed_result *result, deed_changes_made *out_changes);

/* Makes a table available to CALL, in this process and as long as the database is open. The signature is
 * `name(input :: TYPE, ...) :: (output :: TYPE, ...)`; rows is a LIST of LISTs, each of inputs and then outputs. A call yields
 * the rows whose inputs are equal to its arguments. A procedure of that name is replaced.
 * Errors: INVALID_ARGUMENT, TYPE_MISMATCH. Any thread. */
deed_status deed_procedure_register(deed_database *database, const char *signature, size_t signature_size,
                                    const deed_value *rows, deed_error **out_error);

/* Makes the running or next fetch fail with INTERRUPTED. Any thread. */
void deed_result_interrupt(deed_result *result);
void deed_result_destroy(deed_result *result);

/* ---- Plans and reports --------------------------------------------------------------------------------------- */

/* Takes out what is remembered of the queries that have run, oldest first: a JSON array, freed with deed_text_destroy, of
 * {"text", "shape", "plan", "pin_followed", "nanoseconds", "rows", "estimated_rows", "complete", "operators"}. "shape" is what
 * queries have in common that differ in their literals only, "plan" tells plans of one shape apart; "pin_followed" says what
 * became of the plan that was set for the shape, and is null if there is none; "complete" is false if the query failed or its
 * result was destroyed before the last row. "operators" are those of the plan, in the order in which EXPLAIN shows them:
 * {"operator", "details", "depth" (of the root: 0), "estimated_rows" (of one run), "rows" (of all runs, what came of it), "runs"}.
 * A divided scan counts as one run. Only about the last thousand are remembered, fewer if their texts are long (8 MiB in all).
 * Draining holds up no query but for the time that it takes to exchange a pointer. Errors: OUT_OF_MEMORY. Any thread. */
deed_status deed_reports_drain(deed_database *database, char **out_json, size_t *out_size, deed_error **out_error);

/* The plan of a query, as JSON on one line, freed with deed_text_destroy; nothing is run. `plan` NULL: the plan that the query
 * has now; otherwise what comes of that one, which is such JSON. Cost: that of planning, about 0.1 ms. The object has
 *   "version"       1
 *   "shape"         of the query
 *   "plan"          16 digits that plans of a shape have in common which are the same
 *   "patterns"      for each pattern of the query, in the order in which they are planned, the steps that walk it, which are
 *                   {"step": "start", "entity": n, "by": "id" | "scan"}, the entity found by its id or by a scan,
 *                   {"step": "start", "entity": n, "by": "index", "label": "...", "properties": ["..."]},
 *                   {"step": "expand", "relationship": n, "from": n}, from the entity that is there to the other one,
 *                   {"step": "intersect", "entity": n, "relationships": [n, n, ...]}, along several relationships of one step
 *                   each, whose other ends are there, to the entities that all of them lead to, and
 *                   {"step": "join"}. A start that needs no rows which are there already begins a part that stands alone, and a
 *                   join combines it with what was there before, by hash if both have an entity or equal values in common.
 *                   Elements are numbered in the order in which the text has them.
 *   "aggregations"  for each: "rows", "count" (matches are counted without being made) or "search" (paths are not walked)
 *   "pin"           null, or {"plan", "followed", "reason"} if a plan is set for the shape
 *   "cost"          rows that the operators are expected to give out, together
 *   "operators"     of the plan, as in reports, with "estimated_rows" only
 * and the first five but "plan" are the plan: the others are told, and not read.
 * Errors: those of preparing the query; INVALID_ARGUMENT (a command; a plan that is malformed, of another shape, or that the
 * query cannot have). Any thread. */
deed_status deed_plan_explain(deed_database *database, const char *query, size_t query_size, const char *plan, size_t plan_size,
                              char **out_json, size_t *out_size, deed_error **out_error);

/* From now on queries of the shape have this plan, in this process and as long as the database is open. It changes how fast they
 * are and in which order rows come that are not sorted, and nothing else. `shape`: as reports have it, or the text of one of the
 * queries. When the plan can be followed no more, since an index is gone, queries are planned as if it were not set, and their
 * reports say so. At most 4,096 shapes have one. Errors: as for deed_plan_explain; nothing is changed then. Any thread. */
deed_status deed_plan_set(deed_database *database, const char *shape, size_t shape_size, const char *plan, size_t plan_size,
                          deed_error **out_error);

/* Queries of the shape are planned again. *out_was_set (may be NULL) says whether there was a plan. Any thread. */
deed_status deed_plan_clear(deed_database *database, const char *shape, size_t shape_size, bool *out_was_set,
                            deed_error **out_error);

/* The plans that are set, by shape: a JSON array of objects with the first five keys of deed_plan_explain, freed with
 * deed_text_destroy. Any thread. */
deed_status deed_plans(deed_database *database, char **out_json, size_t *out_size, deed_error **out_error);

/* What could be chosen for a query and what it would cost, as JSON, freed with deed_text_destroy; nothing is run.
 * {"version", "shape", "patterns"}, with for each pattern, in the order of those of deed_plan_explain,
 *   "unit"           true if there are no rows before the pattern, so that the first start begins no part
 *   "entities"       {"entity": n, "name" (of the variable, or null), "slot" (as operators have it), "labels", "given" (there
 *                    before the pattern is walked), "rows" (with its labels), "selectivity" (of what is asked of it alone),
 *                    "starts": the ways to find it as a step has them, each with "rows"}
 *   "relationships"  {"relationship": n, "left", "right" (numbers of entities), "direction" (from left: "out", "in", "both"), "types",
 *                    "variable_length", "given", "density" (of all pairs of its ends, those that it connects, times how often),
 *                    "needs" (entities that its conditions need beside its ends)}
 *   "predicates"     {"text", "entities", "selectivity"}
 *   "candidates"     {"steps", "cost"}, the cheapest first: what comes of beginning at each entity in each way, and of joining at
 *                    each entity with several relationships; what intersects also without doing so. Costs are rows, as in
 *                    deed_plan_explain, of the pattern alone.
 * Cost: that of planning, times the number of candidates (up to 64). Errors: as for deed_plan_explain. Any thread. */
deed_status deed_plan_space(deed_database *database, const char *query, size_t query_size, char **out_json, size_t *out_size,
                            deed_error **out_error);

/* ---- Scans --------------------------------------------------------------------------------------------------- */

/* A scan over all rows of a collection or relationship type, in order of id. It keeps the transaction's snapshot (its own
 * if transaction is NULL). A table without rows, or a number without a table, gives an empty scan. */
deed_status deed_scan_begin(deed_database *database, deed_transaction *transaction, deed_kind kind, uint32_t table,
                            deed_scan **out_scan, deed_error **out_error);

/* The next record, borrowed until the next call on the scan, or NULL at the end. */
deed_status deed_scan_next(deed_scan *scan, const deed_record **out_record, deed_error **out_error);
void deed_scan_destroy(deed_scan *scan);

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};
#endif

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
    int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
    int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
    const char *(*get_last_error)(struct ArrowArrayStream *);
    void (*release)(struct ArrowArrayStream *);
    void *private_data;
};
#endif

/* The rows of a table as an Arrow C stream of record batches: `_id` (uint64), for relationships `_src` and `_dst`, then
 * one column for each property key that occurs, with `_` behind its name where that is taken. Types: bool, int64,
 * float64 and date32 as they are; local time as time64[ns]; datetimes as timestamp[us], in UTC if they have a zone,
 * digits below a microsecond dropped; strings large_utf8, bytes large_binary, vectors large_list<float32>. Zoned times,
 * durations, lists and maps (as JSON), and columns of mixed type, are text in large_utf8.
 * *out_stream is filled in; the caller releases it through its own release member, also after the database is gone. */
deed_status deed_scan_arrow(deed_database *database, deed_transaction *transaction, deed_kind kind, uint32_t table,
                            struct ArrowArrayStream *out_stream, deed_error **out_error);

/* ---- Bulk load ----------------------------------------------------------------------------------------------- */

/* Called now and then during long work, on the calling thread. Return false to stop it: the call then fails with
 * INTERRUPTED and has had no effect. total is 0 when it is not known. */
typedef bool (*deed_progress)(void *user_data, uint64_t done, uint64_t total);

/* Adds one entity for each row of an Arrow C stream; its columns become properties. Integers, floats, booleans, strings,
 * binaries, dates, times, timestamps, durations, dictionaries, lists, structs, maps and fixed-size lists of float32
 * (vectors) are understood. The stream is consumed and released in every case. All or nothing.
 * *out_ids receives the ids in the order of the rows. progress may be NULL. May block. */
deed_status deed_entities_load(deed_database *database, deed_transaction *transaction, uint32_t collection,
                               struct ArrowArrayStream *stream, deed_progress progress, void *user_data,
                               deed_ids **out_ids, deed_error **out_error);

/* As deed_entities_load, for relationships: row i leads from sources[i] to targets[i]. stream may be NULL when there are
 * no properties; otherwise it must have exactly `count` rows. Errors: NOT_FOUND names the first missing end. */
deed_status deed_relationships_load(deed_database *database, deed_transaction *transaction, uint32_t type,
                                    const uint64_t *sources, const uint64_t *targets, size_t count,
                                    struct ArrowArrayStream *stream, deed_progress progress, void *user_data,
                                    deed_ids **out_ids, deed_error **out_error);

/* ---- Secondary indexes --------------------------------------------------------------------------------------- */

/* An index over one to sixteen properties of the rows of one collection or relationship type. Rows without a value for
 * the first property are not in it. A unique index refuses, with CONSTRAINT_VIOLATION, a statement that would leave two
 * rows with the same values, unless one of them is null; and with TRANSACTION_CONFLICT where that depends on a
 * transaction that is running. Integers and floats are compared as numbers, times with a zone as moments. */
typedef struct deed_index {
    const char *name;
    size_t name_size;
    deed_kind kind;
    uint32_t table;             /* the name id of its collection or relationship type */
    const uint32_t *properties; /* the name ids of its properties, in order */
    size_t property_count;
    bool unique;
    uint64_t entry_count;       /* some of these may be of rows that were changed or deleted of late */
} deed_index;

typedef struct deed_indexes deed_indexes; /* a list of indexes, owned by the caller */

/* Makes an index, on the rows that are there as well, while others read and write. name may be NULL: it is then made of
 * the table's and the properties' names. It is durable on return; if the process dies before, there is no index.
 * A transaction of its own. *out_name, if it is not NULL, receives the name (deed_text_destroy).
 * Errors: ALREADY_EXISTS, CONSTRAINT_VIOLATION (names two rows), TRANSACTION_CONFLICT, INVALID_ARGUMENT, INTERRUPTED,
 * OUT_OF_MEMORY. O(rows log rows). May block. */
deed_status deed_index_create(deed_database *database, const char *name, size_t name_size, deed_kind kind, uint32_t table,
                              const uint32_t *properties, size_t property_count, bool unique, deed_progress progress,
                              void *user_data, char **out_name, deed_error **out_error);

/* Errors: NOT_FOUND. May block. */
deed_status deed_index_drop(deed_database *database, const char *name, size_t name_size, deed_error **out_error);

/* The indexes there are, in the order in which they were made. */
deed_status deed_indexes_get(deed_database *database, deed_indexes **out_indexes, deed_error **out_error);
size_t deed_indexes_count(const deed_indexes *indexes);
/* One of them, borrowed from the list; NULL beyond its end. */
const deed_index *deed_indexes_item(const deed_indexes *indexes, size_t position);
void deed_indexes_destroy(deed_indexes *indexes);

/* The rows of a table whose properties have these values, in order of id (and before that of the properties of the index
 * that were not asked for). The properties must be the first ones of an index, in any order. *out_ids is borrowed from
 * the buffer until its next use. limit 0: all. Errors: NOT_FOUND (there is no such index), INVALID_ARGUMENT (a null).
 * O(log rows + rows found). */
deed_status deed_find(deed_database *database, deed_transaction *transaction, deed_kind kind, uint32_t table,
                      const deed_property *properties, size_t count, uint64_t limit, deed_buffer *buffer,
                      const uint64_t **out_ids, size_t *out_count, deed_error **out_error);

/* Which rows deed_find_range finds. Bounds are values of the first properties, compared one after the other. An open
 * side ends with the values of the same type as the bound on the other side; integers and floats are of one type. */
typedef struct deed_range {
    size_t struct_size;           /* set by the caller to sizeof(deed_range) */
    const uint32_t *properties;   /* the first properties of an index, in its order */
    size_t property_count;
    const deed_value *low;        /* low_count of them, at most property_count; 0: no bound */
    size_t low_count;
    const deed_value *high;
    size_t high_count;
    bool exclude_low;
    bool exclude_high;
    bool prefix;                  /* the last value of `low` is how strings begin; `high` is empty */
    bool descending;
    uint64_t limit;               /* 0: all */
} deed_range;

/* As deed_find, for a range, in order of the values and of id where these are equal, or the reverse of that.
 * Errors: as deed_find; TYPE_MISMATCH when the bounds cannot be compared with each other. */
deed_status deed_find_range(deed_database *database, deed_transaction *transaction, deed_kind kind, uint32_t table,
                            const deed_range *range, deed_buffer *buffer, const uint64_t **out_ids, size_t *out_count,
                            deed_error **out_error);

/* ---- Constraints ---------------------------------------------------------------------------------------------- */

/* What the rows of a table must be like. A constraint is looked at when a statement writes a row; a statement that violates
 * it fails with CONSTRAINT_VIOLATION, whose message names the constraint, the table, the property, the value and the row, and
 * has had no effect; its transaction goes on. A property without a value minds only REQUIRED and PRIMARY_KEY. A value that
 * cannot be compared with a bound, such as a text with a number, is outside of the range. */
typedef enum deed_constraint_kind {
    DEED_CONSTRAINT_REQUIRED = 1,    /* the properties have values */
    DEED_CONSTRAINT_TYPE = 2,        /* the property has one of `types` */
    DEED_CONSTRAINT_UNIQUE = 3,      /* no two rows have the same values of the properties; rows without one are not compared */
    DEED_CONSTRAINT_PRIMARY_KEY = 4, /* required and unique; one for each table */
    DEED_CONSTRAINT_DEFAULT = 5,     /* new rows that do not give the property get values[0]; giving null is giving it */
    DEED_CONSTRAINT_RANGE = 6,       /* from values[0] to values[1], one of which may be null for no bound; see `exclusive` */
    DEED_CONSTRAINT_ONE_OF = 7,      /* the property is equal to one of `values` */
    DEED_CONSTRAINT_LENGTH = 8,      /* characters of a string, bytes, items of a list or vector: `least` to `most` */
    DEED_CONSTRAINT_ENDPOINTS = 9,   /* a relationship leads from and to one of the pairs of collections in `endpoints` */
    DEED_CONSTRAINT_CARDINALITY = 10 /* at most max_outgoing leave an entity, and at most max_incoming reach it */
} deed_constraint_kind;

enum { DEED_LOWER_EXCLUSIVE = 1, DEED_UPPER_EXCLUSIVE = 2 };

typedef struct deed_endpoints {
    uint32_t source; /* a collection */
    uint32_t target;
} deed_endpoints;

/* One constraint. What does not belong to its kind is 0 or NULL. */
typedef struct deed_constraint {
    size_t struct_size;
    const char *name;           /* unique among indexes and constraints; without one, deed_constraint_create makes one up */
    size_t name_size;
    int32_t kind;               /* a deed_constraint_kind */
    int32_t row_kind;           /* a deed_kind; ENDPOINTS and CARDINALITY are for relationships only */
    uint32_t table;             /* the collection or relationship type */
    uint32_t types;             /* TYPE: the sum of 1 << deed_type */
    const uint32_t *properties; /* keys: 1 to 16 for REQUIRED, UNIQUE and PRIMARY_KEY, else 1; none for the last two kinds */
    size_t property_count;
    const deed_value *values;   /* DEFAULT: 1, RANGE: 2, ONE_OF: 1 to 1,000 */
    size_t value_count;
    uint32_t exclusive;         /* RANGE: DEED_LOWER_EXCLUSIVE and DEED_UPPER_EXCLUSIVE; without, bounds are part of the range */
    uint32_t reserved;
    uint64_t least;             /* LENGTH */
    uint64_t most;              /* LENGTH; UINT64_MAX for any */
    const deed_endpoints *endpoints; /* 1 to 1,000 */
    size_t endpoint_count;
    uint64_t max_outgoing;      /* CARDINALITY; 0 for any number */
    uint64_t max_incoming;
} deed_constraint;

/* An empty constraint with its struct_size and no upper length. NULL is nothing to do. Any thread. */
void deed_constraint_init(deed_constraint *constraint);

/* The constraints of a database at one moment, owned by the caller. */
typedef struct deed_constraints deed_constraints;

/* Adds a constraint. Rows that are there must comply: CONSTRAINT_VIOLATION names the first that does not, and then there is
 * no new constraint. Meanwhile readers and writers go on; what they write must comply from the start. A commit of its own,
 * outside of transactions; where rows that violate the constraint were written by a transaction that is still running, that
 * is a TRANSACTION_CONFLICT. progress may be NULL. Everything is copied.
 * *out_constraints, which may be NULL, receives the new constraint.
 * Errors: ALREADY_EXISTS (the name, or a second primary key), CONSTRAINT_VIOLATION, TRANSACTION_CONFLICT, INVALID_ARGUMENT,
 * LIMIT_EXCEEDED, INTERRUPTED. O(rows of the table; CARDINALITY: entities of the store). May block. */
deed_status deed_constraint_create(deed_database *database, const deed_constraint *constraint, deed_progress progress,
                                   void *user_data, deed_constraints **out_constraints, deed_error **out_error);

/* Errors: NOT_FOUND. May block. */
deed_status deed_constraint_drop(deed_database *database, const char *name, size_t name_size, deed_error **out_error);

/* All constraints, in the order in which they were made. */
deed_status deed_constraints_get(deed_database *database, deed_constraints **out_constraints, deed_error **out_error);
size_t deed_constraints_count(const deed_constraints *constraints);
/* One of them, borrowed until the list is destroyed; NULL beyond the end. */
const deed_constraint *deed_constraints_at(const deed_constraints *constraints, size_t position);
void deed_constraints_destroy(deed_constraints *constraints);

/* ---- Pheromone ----------------------------------------------------------------------------------------------- */

/* Every relationship carries a level, 1.0 when it is created. Reading neighbours and traversing deposit on it; levels
 * decay only when evaporate is called: max(floor, level * product of (1 - rate) over the evaporations since).
 * Pheromone is statistics: outside transactions, saved at checkpoints. */

/* Advances the epoch. rate in [0, 1]; NaN takes the default, 0.1. O(1). Errors: INVALID_ARGUMENT. */
deed_status deed_pheromone_evaporate(deed_database *database, double rate, deed_error **out_error);

/* The present level of a relationship. Errors: NOT_FOUND. O(1). */
deed_status deed_pheromone_get(deed_database *database, uint64_t relationship, double *out_level, deed_error **out_error);

/* Adds to the level of a relationship; amount is finite and not negative. Errors: NOT_FOUND, INVALID_ARGUMENT. O(1). */
deed_status deed_pheromone_deposit(deed_database *database, uint64_t relationship, double amount, deed_error **out_error);

/* The k outgoing relationships with the highest level, strongest first, ties by relationship id; same outputs as
 * deed_neighbors, and their levels, all borrowed from the buffer. Errors: NOT_FOUND. O(degree log k). */
deed_status deed_strongest_neighbors(deed_database *database, deed_transaction *transaction, uint64_t id, size_t k,
                                     deed_buffer *buffer, const uint64_t **out_neighbors,
                                     const uint64_t **out_relationships, const double **out_levels, size_t *out_count,
                                     deed_error **out_error);

/* ---- Change feed and replicas --------------------------------------------------------------------------------- */

/* Every commit of a store on disk has a sequence number, 1 and up without gaps, and a record in the log, unless durability
 * is DEED_NONE. A checkpoint drops records that nobody needs; these two say what is needed beyond recovery: at least
 * `bytes` of the newest log (UINT64_MAX: all of it), and all that was committed in the last `seconds`. The stretch
 * between the last two checkpoints always stays. Holds until the store is closed. Any thread. */
deed_status deed_retain_log(deed_database *database, uint64_t bytes, uint64_t seconds, deed_error **out_error);

/* One commit. Borrowed from the feed until its next use. */
typedef struct deed_feed_record {
    uint64_t sequence;
    int64_t commit_time; /* wall clock, microseconds since 1970-01-01T00:00:00 UTC; may jump with that clock */
    const void *data;    /* the record as bytes, complete in itself: for deed_apply and deed_changes_open, here or elsewhere */
    size_t size;
} deed_feed_record;

/* Reads the commits after `since` (0: from the first). Reading stops neither commits nor checkpoints, and hands out only
 * what a crash cannot take back. Errors: NOT_RETAINED, INVALID_ARGUMENT (a store in memory; `since` beyond the last
 * commit), CLOSED. May block. Any thread. */
deed_status deed_feed_open(deed_database *database, uint64_t since, deed_feed **out_feed, deed_error **out_error);

/* The next commit. If there is none yet, waits so long for one; then *out_record is NULL, and the feed may be asked again.
 * The record of a bulk load is about as large as the load is on disk. Errors: NOT_RETAINED, CORRUPTION, CLOSED. May block. */
deed_status deed_feed_next(deed_feed *feed, uint32_t wait_milliseconds, const deed_feed_record **out_record,
                           deed_error **out_error);
void deed_feed_destroy(deed_feed *feed);

typedef enum deed_change_action {
    DEED_INSERT = 0,
    DEED_UPDATE = 1,
    DEED_DELETE = 2,
    DEED_DEFINE = 3, /* an index or a constraint is in use from here on */
    DEED_DROP = 4    /* one is no longer */
} deed_change_action;

/* One change of a commit. Borrowed until the next use of the deed_changes. */
typedef struct deed_change {
    int32_t action;  /* a deed_change_action */
    int32_t kind;    /* a deed_kind */
    bool replace;    /* UPDATE: properties that are not named are removed */
    uint32_t object; /* DEFINE, DROP: the number of the index or constraint */
    const char *name;   /* DEFINE: its name */
    size_t name_size;
    /* INSERT: the row. UPDATE: the properties that were set, nulls being those removed. DELETE: no properties. The ends of
     * relationships are there for inserts, and for the others if `before` is. */
    const deed_record *record;
    const deed_record *before; /* UPDATE, DELETE: the row before, if the store had before_images; otherwise NULL */
} deed_change;

/* Takes a record apart. The bytes are copied. The store must know the rows and names that the record speaks of: it is the one
 * the record comes from, or a replica that has applied it. Errors: CORRUPTION. Any thread. */
deed_status deed_changes_open(deed_database *database, const void *data, size_t size, deed_changes **out_changes,
                              deed_error **out_error);
/* The next change, in the order in which they were made, or NULL at the end. Errors: CORRUPTION, NOT_FOUND, OUT_OF_MEMORY. */
deed_status deed_changes_next(deed_changes *changes, const deed_change **out_change, deed_error **out_error);
void deed_changes_destroy(deed_changes *changes);

/* Applies a record of the feed to a store opened with `replica`: it becomes visible and durable as a whole, as a commit with
 * the same sequence number. *out_applied is false for a record that had been applied before, which is no error.
 * Errors: OUT_OF_SEQUENCE (one is missing before it), CORRUPTION, INVALID_ARGUMENT (no replica). May block. Any thread. */
deed_status deed_apply(deed_database *database, const void *data, size_t size, bool *out_applied, deed_error **out_error);

/* A digest of the committed state, 16 bytes, and the sequence number of the last commit in it. It is the same for stores that
 * hold the same rows under the same ids and the same indexes and constraints, however they came about. Pheromone does not
 * count. It tells mistakes, not forgeries. O(values). May block. Any thread. */
deed_status deed_state_digest(deed_database *database, uint8_t *out_digest, uint64_t *out_sequence, deed_error **out_error);

/* ---- Backups -------------------------------------------------------------------------------------------------- */

typedef struct deed_backup_info {
    uint32_t id;           /* 1 and up in the order of the backups of a directory */
    bool has_log;          /* the directory has the record of each commit between the backup before and this one */
    uint64_t sequence;     /* the last commit in it */
    int64_t time;          /* when it was begun, microseconds since 1970-01-01T00:00:00 UTC */
    uint64_t size;         /* bytes of its files, those shared with other backups included */
} deed_backup_info;

/* Adds a backup of the store, as of one commit, to a directory, which is made if there is none. Files that an earlier backup
 * has are not copied again. Readers and writers go on. With retained log (deed_retain_log) the directory also gets the
 * commits since the backup before, so that any of them can be restored to. keep: how many backups stay, the newest;
 * 0: all. progress (may be NULL) is called with bytes. A backup that fails, or a crash during it, leaves the earlier ones
 * as they were. Errors: INVALID_ARGUMENT (in memory, read-only, a directory with backups of another store), IO_ERROR,
 * DISK_FULL, INTERRUPTED. May block; any thread; one backup at a time. */
deed_status deed_backup(deed_database *database, const char *directory, size_t directory_size, uint32_t keep,
                        deed_progress progress, void *user_data, deed_backup_info *out_info, deed_error **out_error);

/* The backups in a directory, oldest first: fills in up to `capacity` of them, and their number into *out_count.
 * Errors: IO_ERROR, CORRUPTION. */
deed_status deed_backups(const char *directory, size_t directory_size, deed_backup_info *out_infos, size_t capacity,
                         size_t *out_count, deed_error **out_error);

typedef struct deed_restore_options {
    size_t struct_size;
    uint32_t backup;         /* 0: the newest that is not beyond what follows */
    uint64_t until_sequence; /* restore this commit and none after it; 0: no limit */
    int64_t until_time;      /* restore what was committed up to this time, microseconds since the epoch; 0: no limit */
    const char *log;         /* a store whose log goes on where the backup's ends, open or not; may be NULL */
    size_t log_size;
    bool only_backup;        /* restore the backup as it is, without the commits that the directory has beyond it */
} deed_restore_options;

/* Fills in the defaults. NULL is nothing to do. Any thread. */
void deed_restore_options_init(deed_restore_options *options);

/* Makes a store at `path`, where there must be none, of a backup and the commits after it. Every byte is checked against its
 * checksum. On failure nothing is left at `path`. options may be NULL: the newest backup, and what the directory has after it.
 * Errors: NOT_FOUND (no such backup, or none old enough), NOT_RETAINED (a commit on the way is in no log), CORRUPTION,
 * INVALID_ARGUMENT (there is something at `path`), IO_ERROR, DISK_FULL. May block. */
deed_status deed_restore(const char *directory, size_t directory_size, const char *path, size_t path_size,
                         const deed_restore_options *options, uint64_t *out_sequence, deed_error **out_error);

/* Writes the state as of one commit, *out_sequence, into an empty or new directory, for a replica to start from. May block. */
deed_status deed_export_checkpoint(deed_database *database, const char *directory, size_t directory_size,
                                   uint64_t *out_sequence, deed_error **out_error);

/* Makes a store at `path`, where there must be none, of what deed_export_checkpoint wrote. May block. */
deed_status deed_import_checkpoint(const char *directory, size_t directory_size, const char *path, size_t path_size,
                                   uint64_t *out_sequence, deed_error **out_error);

/* ---- Statistics ---------------------------------------------------------------------------------------------- */

typedef struct deed_statistics {
    size_t struct_size;             /* set by the caller to sizeof(deed_statistics) */
    uint64_t entity_count;          /* committed */
    uint64_t relationship_count;    /* committed */
    uint64_t collection_count;      /* collections that hold an entity */
    uint64_t relationship_type_count; /* types that hold a relationship */
    double average_pheromone;       /* over all relationships; 0 when there are none */
    uint64_t pheromone_epoch;       /* evaporations so far */
    /* bytes in memory */
    uint64_t memory_columns;
    uint64_t memory_strings;
    uint64_t memory_adjacency;
    uint64_t memory_pheromone;
    uint64_t memory_versions;
    uint64_t memory_store;          /* RocksDB: block cache, memtables, table readers */
    uint64_t memory_total;
    uint64_t memory_limit;
    /* bytes on disk, 0 for a store in memory */
    uint64_t disk_log;
    uint64_t disk_segments;
    uint64_t disk_adjacency;
    uint64_t disk_total;
    /* transactions */
    uint64_t commits;               /* since open */
    uint64_t rollbacks;             /* since open */
    uint64_t conflicts;             /* since open */
    uint64_t active_transactions;
    uint64_t last_commit;           /* timestamp of the newest commit */
    uint64_t checkpoints;           /* since open */
    uint64_t checkpoint_mark;       /* the commit timestamp up to which the log has been dropped */
    /* following (read_only) */
    bool is_follower;
    double follower_lag_ms;         /* how long ago everything that had been written was visible here */
    uint64_t follower_reloads;      /* how often it had lost its place and opened the store anew */
    /* indexes */
    uint64_t memory_indexes;        /* bytes in memory */
    uint64_t disk_indexes;          /* bytes on disk */
    /* temporary files of queries */
    uint64_t temporary_bytes;       /* bytes on disk now */
    uint64_t temporary_bytes_written; /* since open */
} deed_statistics;

/* Fills in *out_statistics. O(relationships whose pheromone was ever touched). May block. */
deed_status deed_statistics_get(deed_database *database, deed_statistics *out_statistics, deed_error **out_error);

/* The number of committed rows of a table. O(1). */
uint64_t deed_table_count(deed_database *database, deed_kind kind, uint32_t table);

/* Compares the adjacency with the relationship rows, indexes with rows, counts with rows, and checks every chunk's checksum.
 * *out_report is the caller's (deed_ids_destroy is not for it): one line for each disagreement, empty if all is well,
 * freed with deed_text_destroy. May block. */
deed_status deed_check(deed_database *database, char **out_report, size_t *out_size, deed_error **out_error);
void deed_text_destroy(char *text);

/* ---- Verifying and repairing --------------------------------------------------------------------------------- */

/* What is wrong with a store, or what a repair has done. */
typedef struct deed_report deed_report;

typedef enum deed_severity {
    DEED_NOTE = 0,    /* nothing is wrong */
    DEED_WARNING = 1, /* something is damaged, but no data: it can be made again from what is there */
    DEED_ERROR = 2    /* data is lost or wrong */
} deed_severity;

/* Texts are NUL-terminated UTF-8 and borrowed from the report. */
typedef struct deed_finding {
    int32_t severity;    /* a deed_severity */
    const char *place;   /* a file, or rows of a table */
    const char *message;
    const char *lost;    /* what is lost; empty if nothing is */
} deed_finding;

/* Checks everything about the store in the directory `path` without changing it: the checksum of every file, the log, every
 * row and its ends, counts, and each adjacency list against the relationships. The store may be open elsewhere: its state at
 * the beginning is checked. progress may be NULL; it gets units of work. A damaged store is no error of this function.
 * Errors: IO_ERROR (no store there), INTERRUPTED, OUT_OF_MEMORY. O(everything). May block. Any thread. */
deed_status deed_verify(const char *path, size_t path_size, deed_progress progress, void *user_data,
                        deed_report **out_report, deed_error **out_error);

/* Makes a good store of what can be read of a damaged one, and puts it in its place. What is derived (adjacency lists, the
 * list of files) is made again; what is lost is in the report. With `keep` the store as it was stays in a directory beside it
 * (deed_report_kept); without, it is deleted once the new one is in its place, and what could not be read is gone for good.
 * Takes as much disk again as the store has. On an error the store is as it was.
 * Errors: STORE_LOCKED (it is open), CORRUPTION (nothing can be saved), as for deed_verify. May block. Any thread. */
deed_status deed_repair(const char *path, size_t path_size, bool keep, deed_progress progress, void *user_data,
                        deed_report **out_report, deed_error **out_error);

/* True if no finding is more than a note. Any thread, like the following ones. */
bool deed_report_ok(const deed_report *report);
size_t deed_report_count(const deed_report *report);
/* Borrowed until the report is destroyed; NULL beyond the last one. */
const deed_finding *deed_report_finding(const deed_report *report, size_t index);
/* Where a repair has put the store as it was; empty if there is no such place. Borrowed. */
const char *deed_report_kept(const deed_report *report);
void deed_report_destroy(deed_report *report);

#ifdef __cplusplus
}
#endif
#endif
