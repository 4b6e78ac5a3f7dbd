// Files of a store that are not RocksDB's, written through its environment, so that tests can make them fail like the rest.

#include "CDeedShims.h"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <cstring>
#include <memory>
#include <string>

// As RocksDB's c.cc defines it, unchanged since its first version; c.h only declares it.
struct rocksdb_env_t {
    rocksdb::Env *rep;
    bool is_default;
};

using rocksdb::FileSystem;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

namespace {

// What is appended is mostly small.
constexpr size_t buffer_bytes_max = 64 << 10;

void report(const IOStatus &status, char **error) {
    if (!status.ok()) *error = strdup(status.ToString().c_str());
}

}  // namespace

struct shim_file {
    std::unique_ptr<rocksdb::FSWritableFile> file;
    std::string buffer;

    IOStatus flush() {
        IOStatus status = file->Append(Slice(buffer), IOOptions(), nullptr);
        buffer.clear();
        return status;
    }
};

shim_file *shim_file_create(rocksdb_env_t *environment, const char *path, char **error) {
    auto result = std::make_unique<shim_file>();
    const IOStatus status =
        environment->rep->GetFileSystem()->NewWritableFile(path, rocksdb::FileOptions(), &result->file, nullptr);
    report(status, error);
    return status.ok() ? result.release() : nullptr;
}

void shim_file_append(shim_file *file, const void *data, size_t size, char **error) {
    file->buffer.append(static_cast<const char *>(data), size);
    if (file->buffer.size() >= buffer_bytes_max) report(file->flush(), error);
}

void shim_file_finish(shim_file *file, char **error) {
    IOStatus status = file->flush();
    if (status.ok()) status = file->file->Sync(IOOptions(), nullptr);
    if (status.ok()) status = file->file->Close(IOOptions(), nullptr);
    report(status, error);
}

void shim_file_destroy(shim_file *file) { delete file; }

void shim_file_rename(rocksdb_env_t *environment, const char *directory, const char *from, const char *to, char **error) {
    FileSystem &system = *environment->rep->GetFileSystem();
    IOStatus status = system.RenameFile(from, to, IOOptions(), nullptr);
    std::unique_ptr<rocksdb::FSDirectory> folder;
    if (status.ok()) status = system.NewDirectory(directory, IOOptions(), &folder, nullptr);
    if (status.ok()) status = folder->Fsync(IOOptions(), nullptr);
    report(status, error);
}
