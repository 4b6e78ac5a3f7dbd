/* What the C interface of RocksDB lacks, in C++ behind C: an environment whose write-ahead log makes cheap syncs and is
 * read with care, a disk that fails on demand (faults.cpp), checksums of whole files (integrity.cpp), backups with
 * progress (backup.cpp), and plain files (files.cpp). Beside it, loops for newer processors than the rest is compiled for
 * (kernels.c). */
#ifndef DEED_SHIMS_H
#define DEED_SHIMS_H

#include <rocksdb/c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- A disk that fails on demand, for tests. Any thread may call these at any time. --------------------------- */

typedef struct shim_faults shim_faults;

enum {
    SHIM_FAULT_NONE = 0,
    SHIM_FAULT_WRITE_ERROR = 1,     /* every write fails with EIO */
    SHIM_FAULT_SYNC_ERROR = 2,      /* every fdatasync, fsync and fsync of a directory fails with EIO */
    SHIM_FAULT_DISK_FULL = 3,       /* every write fails with ENOSPC */
    SHIM_FAULT_PARTIAL_WRITE = 4,   /* one write ends half done with ENOSPC, then as DISK_FULL */
    SHIM_FAULT_SHORT_READ = 5,      /* one read of more than a few bytes ends half done, as at the end of a file */
    SHIM_FAULT_FLIPPED_READ = 6,    /* one read has a flipped bit in its middle */
    SHIM_FAULT_STOP = 7,            /* the process ends at once, as by kill -9 */
    SHIM_FAULT_POWER_CUT = 8,       /* the same, and whatever was not synced is lost */
    SHIM_FAULT_TORN_POWER_CUT = 9   /* the same, and half of what was not synced is lost */
};

/* Points that the environment reaches by itself; those above belong to the engine. */
enum {
    SHIM_POINT_TABLE_CREATED = 1,
    SHIM_POINT_TABLE_SYNCED = 2,
    SHIM_POINT_FILE_RENAMED = 3,
    SHIM_POINT_LOG_SYNCED = 4,
    SHIM_POINT_BACKUP_FILE_SYNCED = 5, /* a copy that a backup makes of a file, or its list of files */
    SHIM_POINT_BACKUP_LISTED = 6       /* a backup's list of files has its name: the backup is there */
};

/* The status of a process that a fault has stopped. */
enum { SHIM_STOPPED = 86 };

shim_faults *shim_faults_create(void);
/* NULL is fine. Only after every environment made with it is gone. */
void shim_faults_destroy(shim_faults *faults);
/* After `writes` (`syncs`) more of them succeeded, every one fails with `error_number` (ENOSPC, EIO, ...) until the
 * next call. A negative number: none fails. Ends whatever fault a plan began. */
void shim_faults_set(shim_faults *faults, int64_t writes, int64_t syncs, int error_number);
/* The fault begins when the point is reached for the `count`-th time from now. */
void shim_faults_plan(shim_faults *faults, int point, int64_t count, int fault);
/* Says that the point is reached. */
void shim_faults_reach(shim_faults *faults, int point);
/* How often the point was reached since the last plan. */
int64_t shim_faults_reached(shim_faults *faults, int point);

/* ---- The environment ------------------------------------------------------------------------------------------ */

/* The system's files and threads, with these differences:
 * - The space of a log file is allocated with its size, in advance. A commit then overwrites bytes that are in the file
 *   already, and its fdatasync need not write the inode through the file system's journal (measured on ext4: 135 us
 *   against 187 us, and against 168 us of a plain append). A log that was not closed ends in zeros, which recovery skips.
 * - If it is careful, what is read from front to back on opening (the log, the manifest) is read twice and compared, and
 *   a read that ends before the file does is an error: RocksDB takes a misread log for one that ends there, and drops the
 *   rest for good. Not for a reader beside a writer, whose files change.
 * - RocksDB does not resume by itself after a full disk.
 * - With `faults` (may be NULL), files fail as told.
 * Freed by rocksdb_env_destroy, after all that uses it. */
rocksdb_env_t *shim_environment_create(shim_faults *faults, bool is_careful);

/* ---- Checksums of whole files --------------------------------------------------------------------------------- */

/* Databases opened with these options keep a checksum (CRC-32C) of every table file in their manifest. */
void shim_options_keep_file_checksums(rocksdb_options_t *options);

/* The CRC-32C of some bytes. */
uint32_t shim_checksum(const void *data, size_t size);

/* The size and checksum of a file; false if it cannot be read. */
bool shim_file_checksum(rocksdb_env_t *environment, const char *path, uint64_t *out_size, uint32_t *out_checksum);

/* `problem` is NULL for a file that is as it was written. False stops. */
typedef bool (*shim_table_visitor)(void *context, const char *family, const char *path, uint64_t size, const char *problem);

/* Reads every table file of the database and compares it with its checksum, or, for files written before checksums were
 * kept, checks every block. O(bytes on disk). */
void shim_verify_tables(rocksdb_t *database, const rocksdb_options_t *options, shim_table_visitor visitor, void *context);

/* As rocksdb_compact_range_cf for the whole family, but errors come back. */
void shim_compact(rocksdb_t *database, rocksdb_column_family_handle_t *family, char **error);

/* Leaves ingested files as they were written; otherwise RocksDB changes a number inside. */
void shim_ingestion_keep_files(rocksdb_ingestexternalfileoptions_t *options);

/* As rocksdb_sstfilewriter_create, for one family: the file then says which, and a repair knows where it belongs. The family
 * must stay until the file is opened. */
rocksdb_sstfilewriter_t *shim_table_writer_create(const rocksdb_options_t *options, rocksdb_column_family_handle_t *family);

/* Replaces a file by one with this content, durably and in one step. An error as in RocksDB's C interface. */
void shim_replace_file(rocksdb_env_t *environment, const char *directory, const char *name, const char *data, size_t size,
                       char **error);

/* Lets two directories change places, or gives one a name that nobody has. False and errno on failure. */
bool shim_rename(const char *from, const char *to, bool is_exchange);

/* A file that is not RocksDB's, written from front to back. Errors come as in RocksDB's C interface; after one the file is
 * of no use. */
typedef struct shim_file shim_file;
shim_file *shim_file_create(rocksdb_env_t *environment, const char *path, char **error);
void shim_file_append(shim_file *file, const void *data, size_t size, char **error);
/* Makes its content durable and closes it. */
void shim_file_finish(shim_file *file, char **error);
/* Also after an error. */
void shim_file_destroy(shim_file *file);
/* Renames a file durably; both names are in `directory`. */
void shim_file_rename(rocksdb_env_t *environment, const char *directory, const char *from, const char *to, char **error);

/* A file that never has a name, in a directory: nothing of it is left when it is closed or the process ends. Read and written at
 * any place, by one thread at a time. With `faults` (may be NULL) it fails as told. */
typedef struct shim_temporary shim_temporary;
/* NULL on failure, and the number of the system's error. */
shim_temporary *shim_temporary_create(shim_faults *faults, const char *directory, int *out_error);
/* 0, or the number of the system's error. Reading beyond the end is EIO. */
int shim_temporary_write(shim_temporary *file, const void *data, size_t size, uint64_t offset);
int shim_temporary_read(shim_temporary *file, void *data, size_t size, uint64_t offset);
void shim_temporary_destroy(shim_temporary *file);

/* Takes the lock of a store as RocksDB does, for work on the files of a store that is not open. NULL and an error if
 * another process or this one has it. */
void *shim_lock(rocksdb_env_t *environment, const char *directory, char **error);
void shim_unlock(rocksdb_env_t *environment, void *lock);

/* The files of another environment, which may be freed, for a process that reads while another one writes: a log ends
 * where its last whole record does, whatever was allocated in advance behind it. */
rocksdb_env_t *shim_environment_following(const rocksdb_env_t *base);

/* ---- Backups ---------------------------------------------------------------------------------------------------- */

/* Errors come as text, which free() frees; *error is left alone on success. */

/* What tells a database from others, also from copies of it that were opened since; freed by free(). NULL if unknown. */
char *shim_database_identity(rocksdb_t *database);

/* Adds a backup to a directory, made if need be, and returns its number, or 0 on failure. The number is 1 and up. Table files
 * that the directory has are not copied again. `progress` is called on the calling thread, every few milliseconds, with
 * the bytes copied so far, more than 0 only once the state that is saved is settled; false stops. */
uint32_t shim_backup_create(rocksdb_t *database, rocksdb_env_t *environment, const char *directory, const char *metadata,
                            bool (*progress)(void *context, uint64_t copied), void *context, char **error);

/* Deletes all backups but the newest `keep`. */
void shim_backup_purge(const char *directory, uint32_t keep, char **error);

/* The backups of a directory, in the order in which they were made. */
typedef struct shim_backups shim_backups;
typedef struct shim_backup {
    uint32_t id;
    uint64_t size;
    const char *metadata; /* as long as the shim_backups */
} shim_backup;

shim_backups *shim_backups_open(const char *directory, char **error);
void shim_backups_close(shim_backups *backups);
size_t shim_backups_count(const shim_backups *backups);
shim_backup shim_backups_get(const shim_backups *backups, size_t index);

/* Copies a backup's files to `path` and compares each with its checksum. After a failure nothing more can be restored. */
void shim_backups_restore(shim_backups *backups, uint32_t id, const char *path, char **error);

/* Makes malloc give free memory back to the system. */
void shim_trim_heap(void);

/* How many of the values are not less than `least` and not more than `span` above it. */
size_t shim_count_within(const int64_t *values, size_t count, int64_t least, uint64_t span);

#ifdef __cplusplus
}
#endif

#endif
