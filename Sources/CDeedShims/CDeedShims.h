/* What RocksDB's C interface lacks, in C++ behind C: an environment whose write-ahead log makes cheap syncs, and one
 * whose disk fails on demand. */
#ifndef DEED_SHIMS_H
#define DEED_SHIMS_H

#include <rocksdb/c.h>
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

/* The files of another environment, which may be freed, for a process that reads while another one writes: a log ends
 * where its last whole record does, whatever was allocated in advance behind it. */
rocksdb_env_t *shim_environment_following(const rocksdb_env_t *base);

#ifdef __cplusplus
}
#endif

#endif
