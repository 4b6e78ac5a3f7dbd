/* What RocksDB's C interface lacks, in C++ behind C: an environment whose write-ahead log makes cheap syncs, and one
 * whose disk fails on demand; and backups with progress and metadata. */
#ifndef DEED_SHIMS_H
#define DEED_SHIMS_H

#include <rocksdb/c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A disk that fails on demand, for tests. Any thread may call these at any time. */
typedef struct shim_faults shim_faults;

shim_faults *shim_faults_create(void);
/* NULL is fine. Only after every environment made with it is gone. */
void shim_faults_destroy(shim_faults *faults);
/* After `writes` (`syncs`) more of them succeeded, every one fails with `error_number` (ENOSPC, EIO, ...) until the
 * next call. A negative number: none fails. */
void shim_faults_set(shim_faults *faults, int64_t writes, int64_t syncs, int error_number);

/* The system's files and threads, with two differences:
 * the space of a log file is allocated with its size, in advance. A commit then overwrites bytes that are in the file
 * already, and its fdatasync need not write the inode through the file system's journal (measured on ext4: 135 us
 * against 187 us, and against 168 us of a plain append). A log that was not closed ends in zeros, which recovery skips;
 * and with `faults` (may be NULL), writes and syncs fail as told.
 * Freed by rocksdb_env_destroy, after all that uses it. */
rocksdb_env_t *shim_environment_create(shim_faults *faults);

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

/* Copies a backup's files to `path` and compares each with its checksum. */
void shim_backups_restore(shim_backups *backups, uint32_t id, const char *path, char **error);

#ifdef __cplusplus
}
#endif

#endif
