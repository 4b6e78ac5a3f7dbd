// The environment of a store; see CDeedShims.h. Everything here wraps RocksDB's public class FileSystem.

#include "faults.inc"

#include <rocksdb/env.h>

#include <cstdarg>
#include <cstring>
#include <utility>
#include <vector>

using rocksdb::FileOptions;
using rocksdb::FileSystem;
using rocksdb::FSDirectory;
using rocksdb::FSRandomAccessFile;
using rocksdb::FSSequentialFile;
using rocksdb::FSWritableFile;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

// As RocksDB's c.cc defines it, unchanged since its first version; c.h only declares it.
struct rocksdb_env_t {
    rocksdb::Env *rep;
    bool is_default;
};

namespace {

// RocksDB's diary goes nowhere: what matters comes back as an error. Its file would be one more thing to fail on a full
// disk, where RocksDB's own logger, in builds with assertions, ends the process.
class SilentLogger final : public rocksdb::Logger {
  public:
    using Logger::Logv;
    void Logv(const char *, va_list) override {}
};

// Reads everything twice and compares, and takes a read that ends before the file does for an error.
class CarefulFile final : public rocksdb::FSSequentialFileOwnerWrapper {
  public:
    CarefulFile(std::unique_ptr<FSSequentialFile> file, std::unique_ptr<FSRandomAccessFile> second, uint64_t size,
                const std::string &path)
        : FSSequentialFileOwnerWrapper(std::move(file)), second_(std::move(second)), size_(size), path_(path) {}

    IOStatus Read(size_t size, const IOOptions &options, Slice *result, char *scratch, IODebugContext *context) override {
        IOStatus status = FSSequentialFileOwnerWrapper::Read(size, options, result, scratch, context);
        if (!status.ok()) return status;
        if (result->size() < size && position_ + result->size() < size_)
            return IOStatus::IOError(path_, "a read ended before the file does");
        if (result->empty()) return status;
        copy_.resize(result->size());
        Slice again;
        status = second_->Read(position_, result->size(), options, &again, copy_.data(), context);
        if (status.ok() && again != *result) return IOStatus::IOError(path_, "was read differently the second time");
        position_ += result->size();
        return status;
    }

    IOStatus Skip(uint64_t size) override {
        position_ += size;
        return FSSequentialFileOwnerWrapper::Skip(size);
    }

  private:
    std::unique_ptr<FSRandomAccessFile> second_;
    const uint64_t size_;
    const std::string path_;
    std::vector<char> copy_;
    uint64_t position_ = 0;
};

class DeedFileSystem final : public rocksdb::FileSystemWrapper {
  public:
    DeedFileSystem(shim_faults *faults, bool is_careful)
        : FileSystemWrapper(FileSystem::Default()), faults_(faults), is_careful_(is_careful) {}

    const char *Name() const override { return "DeedFileSystem"; }

    FileOptions OptimizeForLogWrite(const FileOptions &options, const rocksdb::DBOptions &database) const override {
        FileOptions result = FileSystemWrapper::OptimizeForLogWrite(options, database);
        result.fallocate_with_keep_size = false;
        return result;
    }

    IOStatus NewLogger(const std::string &, const IOOptions &, std::shared_ptr<rocksdb::Logger> *result,
                       IODebugContext *) override {
        *result = std::make_shared<SilentLogger>();
        return IOStatus::OK();
    }

    IOStatus NewWritableFile(const std::string &name, const FileOptions &options,
                             std::unique_ptr<FSWritableFile> *result, IODebugContext *context) override {
        IOStatus status = FileSystemWrapper::NewWritableFile(name, options, result, context);
        if (status.ok() && faults_ != nullptr) {
            *result = deed::faulty(std::move(*result), faults_, name);
            if (deed::is_table(name)) faults_->reach(SHIM_POINT_TABLE_CREATED);
        }
        return status;
    }

    IOStatus NewSequentialFile(const std::string &name, const FileOptions &options,
                               std::unique_ptr<FSSequentialFile> *result, IODebugContext *context) override {
        IOStatus status = FileSystemWrapper::NewSequentialFile(name, options, result, context);
        if (status.ok() && faults_ != nullptr) *result = deed::faulty(std::move(*result), faults_);
        if (!status.ok() || !is_careful_) return status;
        uint64_t size = 0;
        std::unique_ptr<FSRandomAccessFile> second;
        status = GetFileSize(name, IOOptions(), &size, context);
        if (status.ok()) status = FileSystemWrapper::NewRandomAccessFile(name, FileOptions(), &second, context);
        if (status.ok()) *result = std::make_unique<CarefulFile>(std::move(*result), std::move(second), size, name);
        return status;
    }

    IOStatus NewRandomAccessFile(const std::string &name, const FileOptions &options,
                                 std::unique_ptr<FSRandomAccessFile> *result, IODebugContext *context) override {
        IOStatus status = FileSystemWrapper::NewRandomAccessFile(name, options, result, context);
        if (status.ok() && faults_ != nullptr) *result = deed::faulty(std::move(*result), faults_);
        return status;
    }

    IOStatus NewDirectory(const std::string &name, const IOOptions &options, std::unique_ptr<FSDirectory> *result,
                          IODebugContext *context) override {
        IOStatus status = FileSystemWrapper::NewDirectory(name, options, result, context);
        if (status.ok() && faults_ != nullptr) *result = deed::faulty(std::move(*result), faults_, name);
        return status;
    }

    IOStatus LinkFile(const std::string &from, const std::string &to, const IOOptions &options,
                      IODebugContext *context) override {
        IOStatus status = FileSystemWrapper::LinkFile(from, to, options, context);
        if (status.ok() && faults_ != nullptr) faults_->linked(from, to);
        return status;
    }

    IOStatus RenameFile(const std::string &from, const std::string &to, const IOOptions &options,
                        IODebugContext *context) override {
        IOStatus status = FileSystemWrapper::RenameFile(from, to, options, context);
        if (status.ok() && faults_ != nullptr) {
            faults_->renamed(from, to);
            faults_->reach(SHIM_POINT_FILE_RENAMED);
            if (deed::is_backup_list(to)) faults_->reach(SHIM_POINT_BACKUP_LISTED);
        }
        return status;
    }

    // Without this number RocksDB does not resume by itself after a full disk. A store stays failed after any error, since
    // nobody knows what the disk has; and resuming while an ingestion fails to write the list of files ends the process, in
    // builds of RocksDB with assertions (ResumeImpl), such as Debian's.
    IOStatus GetFreeSpace(const std::string &, const IOOptions &, uint64_t *, IODebugContext *) override {
        return IOStatus::NotSupported("GetFreeSpace");
    }

    IOStatus DeleteFile(const std::string &name, const IOOptions &options, IODebugContext *context) override {
        IOStatus status = FileSystemWrapper::DeleteFile(name, options, context);
        if (status.ok() && faults_ != nullptr) faults_->removed(name);
        return status;
    }

  private:
    shim_faults *const faults_;
    const bool is_careful_;
};

}  // namespace

rocksdb_env_t *shim_environment_create(shim_faults *faults, bool is_careful) {
    auto *result = new rocksdb_env_t();
    result->rep = rocksdb::NewCompositeEnv(std::make_shared<DeedFileSystem>(faults, is_careful)).release();
    result->is_default = false;
    return result;
}
