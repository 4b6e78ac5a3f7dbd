// See CDeedShims.h. Everything here wraps RocksDB's public classes FileSystem and FSWritableFile.

#include "CDeedShims.h"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstring>
#include <memory>
#include <utility>

using rocksdb::DataVerificationInfo;
using rocksdb::FileOptions;
using rocksdb::FileSystem;
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

struct shim_faults {
    std::atomic<int64_t> writes{-1};
    std::atomic<int64_t> syncs{-1};
    std::atomic<int> error_number{0};

    IOStatus take(std::atomic<int64_t> &left) {
        int64_t seen = left.load();
        while (seen > 0 && !left.compare_exchange_weak(seen, seen - 1)) {
        }
        return seen == 0 ? failure() : IOStatus::OK();
    }

  private:
    // The statuses that RocksDB's own POSIX files give: it retries after a full disk, and after nothing else.
    IOStatus failure() const {
        const int number = error_number.load();
        if (number != ENOSPC) return IOStatus::IOError("injected", std::strerror(number));
        IOStatus status = IOStatus::NoSpace("injected", std::strerror(number));
        status.SetRetryable(true);
        return status;
    }
};

namespace {

class FaultyFile final : public rocksdb::FSWritableFileOwnerWrapper {
  public:
    FaultyFile(std::unique_ptr<FSWritableFile> file, shim_faults *faults)
        : FSWritableFileOwnerWrapper(std::move(file)), faults_(faults) {}

    IOStatus Append(const Slice &data, const IOOptions &options, IODebugContext *context) override {
        IOStatus status = faults_->take(faults_->writes);
        return status.ok() ? FSWritableFileOwnerWrapper::Append(data, options, context) : status;
    }

    IOStatus Append(const Slice &data, const IOOptions &options, const DataVerificationInfo &info,
                    IODebugContext *context) override {
        IOStatus status = faults_->take(faults_->writes);
        return status.ok() ? FSWritableFileOwnerWrapper::Append(data, options, info, context) : status;
    }

    IOStatus Sync(const IOOptions &options, IODebugContext *context) override {
        IOStatus status = faults_->take(faults_->syncs);
        return status.ok() ? FSWritableFileOwnerWrapper::Sync(options, context) : status;
    }

    IOStatus Fsync(const IOOptions &options, IODebugContext *context) override {
        IOStatus status = faults_->take(faults_->syncs);
        return status.ok() ? FSWritableFileOwnerWrapper::Fsync(options, context) : status;
    }

  private:
    shim_faults *const faults_;
};

// RocksDB's diary goes nowhere: what matters comes back as an error. Its file would be one more thing to fail on a full
// disk, where RocksDB's own logger, in builds with assertions, ends the process.
class SilentLogger final : public rocksdb::Logger {
  public:
    using Logger::Logv;
    void Logv(const char *, va_list) override {}
};

class DeedFileSystem final : public rocksdb::FileSystemWrapper {
  public:
    explicit DeedFileSystem(shim_faults *faults) : FileSystemWrapper(FileSystem::Default()), faults_(faults) {}

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
        if (status.ok() && faults_ != nullptr) *result = std::make_unique<FaultyFile>(std::move(*result), faults_);
        return status;
    }

  private:
    shim_faults *const faults_;
};

}  // namespace

shim_faults *shim_faults_create(void) { return new shim_faults(); }

void shim_faults_destroy(shim_faults *faults) { delete faults; }

void shim_faults_set(shim_faults *faults, int64_t writes, int64_t syncs, int error_number) {
    faults->error_number.store(error_number);
    faults->writes.store(writes);
    faults->syncs.store(syncs);
}

rocksdb_env_t *shim_environment_create(shim_faults *faults) {
    auto *result = new rocksdb_env_t();
    result->rep = rocksdb::NewCompositeEnv(std::make_shared<DeedFileSystem>(faults)).release();
    result->is_default = false;
    return result;
}
