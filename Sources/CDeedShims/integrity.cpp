// Checksums of whole files. RocksDB checks each block that it reads; a checksum over the whole file also covers what no
// read looks at, such as the padding of a footer, so that a check of the store leaves no byte out.

#include "CDeedShims.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/file_system.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/sst_file_writer.h>

#include <fcntl.h>
#include <stdio.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

// As RocksDB's c.cc defines them, unchanged since its first version; c.h only declares them.
struct rocksdb_env_t {
    rocksdb::Env *rep;
    bool is_default;
};
struct rocksdb_t {
    rocksdb::DB *rep;
};
struct rocksdb_options_t {
    rocksdb::Options rep;
};
struct rocksdb_ingestexternalfileoptions_t {
    rocksdb::IngestExternalFileOptions rep;
};

struct rocksdb_sstfilewriter_t {
    rocksdb::SstFileWriter *rep;
};
struct rocksdb_column_family_handle_t {
    rocksdb::ColumnFamilyHandle *rep;
};

using rocksdb::FileOptions;
using rocksdb::FileSystem;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;
using rocksdb::Status;

namespace {

std::unique_ptr<rocksdb::FileChecksumGenerator> generator() {
    return rocksdb::GetFileChecksumGenCrc32cFactory()->CreateFileChecksumGenerator(rocksdb::FileChecksumGenContext());
}

// As kept in the manifest: four bytes, the highest first.
IOStatus read_checksum(FileSystem &system, const std::string &path, uint64_t *out_size, std::string *out_checksum) {
    std::unique_ptr<rocksdb::FSRandomAccessFile> file;
    IOStatus status = system.NewRandomAccessFile(path, FileOptions(), &file, nullptr);
    auto sum = generator();
    std::vector<char> buffer(1 << 20);
    *out_size = 0;
    while (status.ok()) {
        Slice part;
        status = file->Read(*out_size, buffer.size(), IOOptions(), &part, buffer.data(), nullptr);
        if (!status.ok() || part.empty()) break;
        sum->Update(part.data(), part.size());
        *out_size += part.size();
    }
    sum->Finalize();
    *out_checksum = sum->GetChecksum();
    return status;
}

uint32_t number(const std::string &checksum) {
    uint32_t result = 0;
    for (const char byte : checksum) result = result << 8 | static_cast<unsigned char>(byte);
    return result;
}

Status verify_table(FileSystem &system, const rocksdb::Options &options, const rocksdb::LiveFileMetaData &file,
                    const std::string &path) {
    if (file.file_checksum.empty()) {
        rocksdb::SstFileReader reader(options);
        Status status = reader.Open(path);
        return status.ok() ? reader.VerifyChecksum() : status;
    }
    uint64_t size = 0;
    std::string checksum;
    Status status = read_checksum(system, path, &size, &checksum);
    if (!status.ok()) return status;
    if (size != file.size) return Status::Corruption("has " + std::to_string(size) + " bytes instead of " + std::to_string(file.size));
    return checksum == file.file_checksum ? status : Status::Corruption("does not have the checksum that it was written with");
}

}  // namespace

void shim_options_keep_file_checksums(rocksdb_options_t *options) {
    options->rep.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
}

void shim_compact(rocksdb_t *database, rocksdb_column_family_handle_t *family, char **error) {
    const Status status = database->rep->CompactRange(rocksdb::CompactRangeOptions(), family->rep, nullptr, nullptr);
    if (!status.ok()) *error = strdup(status.ToString().c_str());
}

void shim_ingestion_keep_files(rocksdb_ingestexternalfileoptions_t *options) { options->rep.write_global_seqno = false; }

rocksdb_sstfilewriter_t *shim_table_writer_create(
    const rocksdb_options_t *options, rocksdb_column_family_handle_t *family) {
    auto *result = new rocksdb_sstfilewriter_t();
    result->rep = new rocksdb::SstFileWriter(rocksdb::EnvOptions(), options->rep, family->rep);
    return result;
}

uint32_t shim_checksum(const void *data, size_t size) {
    auto sum = generator();
    sum->Update(static_cast<const char *>(data), size);
    sum->Finalize();
    return number(sum->GetChecksum());
}

bool shim_file_checksum(rocksdb_env_t *environment, const char *path, uint64_t *out_size, uint32_t *out_checksum) {
    std::string checksum;
    const IOStatus status = read_checksum(*environment->rep->GetFileSystem(), path, out_size, &checksum);
    *out_checksum = number(checksum);
    return status.ok();
}

void shim_verify_tables(rocksdb_t *database, const rocksdb_options_t *options, shim_table_visitor visitor, void *context) {
    std::vector<rocksdb::LiveFileMetaData> files;
    database->rep->GetLiveFilesMetaData(&files);
    FileSystem &system = *options->rep.env->GetFileSystem();
    for (const rocksdb::LiveFileMetaData &file : files) {
        const std::string path = file.db_path + file.name;
        const Status status = verify_table(system, options->rep, file, path);
        const std::string problem = status.ToString();
        const char *text = status.ok() ? nullptr : problem.c_str();
        if (!visitor(context, file.column_family_name.c_str(), path.c_str(), file.size, text)) return;
    }
}

void shim_replace_file(rocksdb_env_t *environment, const char *directory, const char *name, const char *data, size_t size,
                       char **error) {
    FileSystem &system = *environment->rep->GetFileSystem();
    const std::string path = std::string(directory) + "/" + name;
    const std::string draft = path + ".new";
    IOStatus status = rocksdb::WriteStringToFile(&system, Slice(data, size), draft, true);
    if (status.ok()) status = system.RenameFile(draft, path, IOOptions(), nullptr);
    std::unique_ptr<rocksdb::FSDirectory> folder;
    if (status.ok()) status = system.NewDirectory(directory, IOOptions(), &folder, nullptr);
    if (status.ok()) status = folder->Fsync(IOOptions(), nullptr);
    if (status.ok()) return;
    system.DeleteFile(draft, IOOptions(), nullptr);
    *error = strdup(status.ToString().c_str());
}

void *shim_lock(rocksdb_env_t *environment, const char *directory, char **error) {
    rocksdb::FileLock *lock = nullptr;
    const std::string path = std::string(directory) + "/LOCK";
    const IOStatus status = environment->rep->GetFileSystem()->LockFile(path, IOOptions(), &lock, nullptr);
    if (!status.ok()) *error = strdup(status.ToString().c_str());
    return lock;
}

void shim_unlock(rocksdb_env_t *environment, void *lock) {
    environment->rep->GetFileSystem()->UnlockFile(static_cast<rocksdb::FileLock *>(lock), IOOptions(), nullptr);
}

bool shim_rename(const char *from, const char *to, bool is_exchange) {
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, is_exchange ? RENAME_EXCHANGE : RENAME_NOREPLACE) == 0;
}
