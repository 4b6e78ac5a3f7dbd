// A disk that fails on demand. Every fault of a plan begins at a named point, and from then on the files that this file
// wraps behave accordingly. For power cuts it follows what of each file was synced, and cuts the files back to that.

#include "faults.inc"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

using rocksdb::DataVerificationInfo;
using rocksdb::FSDirectory;
using rocksdb::FSRandomAccessFile;
using rocksdb::FSSequentialFile;
using rocksdb::FSWritableFile;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

namespace {

// The statuses that RocksDB's own POSIX files give: after a full disk it may retry, and after nothing else.
IOStatus failure(int number) {
    if (number != ENOSPC) return IOStatus::IOError("injected", std::strerror(number));
    IOStatus status = IOStatus::NoSpace("injected", std::strerror(number));
    status.SetRetryable(true);
    return status;
}

bool take(std::atomic<int64_t> &left) {
    int64_t seen = left.load();
    while (seen > 0 && !left.compare_exchange_weak(seen, seen - 1)) {
    }
    return seen == 0;
}

// Reads of a few bytes are of little interest, and so is what does not carry data.
constexpr size_t read_bytes_min = 16;

std::string parent(const std::string &path) { return path.substr(0, path.find_last_of('/')); }

bool ends_with(const std::string &path, const char *suffix) {
    const size_t size = std::strlen(suffix);
    return path.size() >= size && path.compare(path.size() - size, size, suffix) == 0;
}

}  // namespace

bool deed::is_table(const std::string &path) { return ends_with(path, ".sst"); }

bool deed::is_backup_file(const std::string &path) {
    return is_backup_list(path) || path.find("/private/") != std::string::npos || ends_with(parent(path), "/shared_checksum");
}

bool deed::is_backup_list(const std::string &path) { return ends_with(parent(path), "/meta"); }

// ---- Plans ---------------------------------------------------------------------------------------------------------

void shim_faults::plan(int point, int64_t count, int fault) {
    std::lock_guard<std::mutex> lock(mutex_);
    point_ = point;
    left_ = count;
    planned_ = fault;
    counts_.clear();
    fault_.store(SHIM_FAULT_NONE);
}

void shim_faults::reach(int point) {
    std::lock_guard<std::mutex> lock(mutex_);
    counts_[point]++;
    if (planned_ == SHIM_FAULT_NONE || point != point_ || --left_ > 0) return;
    const int fault = std::exchange(planned_, SHIM_FAULT_NONE);
    if (fault >= SHIM_FAULT_STOP) stop(fault);
    fault_.store(fault);
}

int64_t shim_faults::reached(int point) {
    std::lock_guard<std::mutex> lock(mutex_);
    return counts_[point];
}

// Ends the process. What other threads write from here on is lost as well: they wait for the mutex before they count it,
// and a power cut shortens the files to what was counted.
void shim_faults::stop(int fault) {
    if (fault != SHIM_FAULT_STOP) {
        for (const auto &[path, file] : files_) {
            const uint64_t unsynced = file.written - file.synced;
            const uint64_t kept = fault == SHIM_FAULT_TORN_POWER_CUT ? unsynced / 2 : 0;
            if (unsynced > 0) (void)!::truncate(path.c_str(), static_cast<off_t>(file.synced + kept));
        }
        if (fault == SHIM_FAULT_POWER_CUT)
            for (const std::string &path : unsynced_names_) ::unlink(path.c_str());
    }
    _exit(SHIM_STOPPED);
}

// ---- Faults --------------------------------------------------------------------------------------------------------

IOStatus shim_faults::before_write(size_t size, size_t *out_allowed) {
    *out_allowed = 0;
    if (take(writes)) return failure(error_number.load());
    switch (fault_.load()) {
        case SHIM_FAULT_WRITE_ERROR: return failure(EIO);
        case SHIM_FAULT_DISK_FULL: return failure(ENOSPC);
        case SHIM_FAULT_PARTIAL_WRITE:
            fault_.store(SHIM_FAULT_DISK_FULL);
            *out_allowed = size / 2;
            return failure(ENOSPC);
        default: *out_allowed = size; return IOStatus::OK();
    }
}

IOStatus shim_faults::before_sync() {
    if (take(syncs)) return failure(error_number.load());
    return fault_.load() == SHIM_FAULT_SYNC_ERROR ? failure(EIO) : IOStatus::OK();
}

void shim_faults::after_read(Slice *result, char *scratch) {
    int fault = fault_.load();
    if (fault != SHIM_FAULT_SHORT_READ && fault != SHIM_FAULT_FLIPPED_READ) return;
    if (result->size() < read_bytes_min || !fault_.compare_exchange_strong(fault, SHIM_FAULT_NONE)) return;
    if (fault == SHIM_FAULT_SHORT_READ) {
        *result = Slice(result->data(), result->size() / 2);
        return;
    }
    // What was read may lie in a buffer that is not ours to change.
    if (result->data() != scratch) std::memcpy(scratch, result->data(), result->size());
    scratch[result->size() / 2] ^= 0x04;
    *result = Slice(scratch, result->size());
}

// ---- What a power cut would leave ----------------------------------------------------------------------------------

void shim_faults::created(const std::string &path) {
    std::lock_guard<std::mutex> lock(mutex_);
    files_[path] = File();
    unsynced_names_.insert(path);
}

void shim_faults::written(const std::string &path, size_t size) {
    std::lock_guard<std::mutex> lock(mutex_);
    files_[path].written += size;
}

void shim_faults::synced(const std::string &path) {
    std::lock_guard<std::mutex> lock(mutex_);
    files_[path].synced = files_[path].written;
}

void shim_faults::linked(const std::string &from, const std::string &to) {
    std::lock_guard<std::mutex> lock(mutex_);
    files_[to] = files_[from];
    unsynced_names_.insert(to);
}

// A rename counts as durable: file systems write it with what surrounds it, and the other outcome is that of a stop before.
void shim_faults::renamed(const std::string &from, const std::string &to) {
    std::lock_guard<std::mutex> lock(mutex_);
    files_[to] = files_[from];
    files_.erase(from);
    unsynced_names_.erase(from);
    unsynced_names_.erase(to);
}

void shim_faults::removed(const std::string &path) {
    std::lock_guard<std::mutex> lock(mutex_);
    files_.erase(path);
    unsynced_names_.erase(path);
}

void shim_faults::directory_synced(const std::string &path) {
    std::lock_guard<std::mutex> lock(mutex_);
    for (auto name = unsynced_names_.begin(); name != unsynced_names_.end();)
        name = parent(*name) == path ? unsynced_names_.erase(name) : std::next(name);
}

// ---- Files ---------------------------------------------------------------------------------------------------------

namespace {

class FaultyFile final : public rocksdb::FSWritableFileOwnerWrapper {
  public:
    FaultyFile(std::unique_ptr<FSWritableFile> file, shim_faults *faults, const std::string &path)
        : FSWritableFileOwnerWrapper(std::move(file)), faults_(faults), path_(path) {
        faults_->created(path_);
    }

    IOStatus Append(const Slice &data, const IOOptions &options, IODebugContext *context) override {
        size_t allowed = 0;
        IOStatus status = faults_->before_write(data.size(), &allowed);
        IOStatus written;
        if (status.ok() || allowed > 0)
            written = FSWritableFileOwnerWrapper::Append(Slice(data.data(), allowed), options, context);
        if (written.ok()) faults_->written(path_, allowed);
        return status.ok() ? written : status;
    }

    IOStatus Append(const Slice &data, const IOOptions &options, const DataVerificationInfo &,
                    IODebugContext *context) override {
        return Append(data, options, context);
    }

    IOStatus Sync(const IOOptions &options, IODebugContext *context) override {
        IOStatus status = faults_->before_sync();
        if (status.ok()) status = FSWritableFileOwnerWrapper::Sync(options, context);
        return noted(status);
    }

    IOStatus Fsync(const IOOptions &options, IODebugContext *context) override {
        IOStatus status = faults_->before_sync();
        if (status.ok()) status = FSWritableFileOwnerWrapper::Fsync(options, context);
        return noted(status);
    }

  private:
    IOStatus noted(IOStatus status) {
        if (!status.ok()) return status;
        faults_->synced(path_);
        if (deed::is_table(path_)) faults_->reach(SHIM_POINT_TABLE_SYNCED);
        if (deed::is_backup_file(path_)) faults_->reach(SHIM_POINT_BACKUP_FILE_SYNCED);
        if (ends_with(path_, ".log")) faults_->reach(SHIM_POINT_LOG_SYNCED);
        return status;
    }

    shim_faults *const faults_;
    const std::string path_;
};

class FaultyRandomFile final : public rocksdb::FSRandomAccessFileOwnerWrapper {
  public:
    FaultyRandomFile(std::unique_ptr<FSRandomAccessFile> file, shim_faults *faults)
        : FSRandomAccessFileOwnerWrapper(std::move(file)), faults_(faults) {}

    IOStatus Read(uint64_t offset, size_t size, const IOOptions &options, Slice *result, char *scratch,
                  IODebugContext *context) const override {
        IOStatus status = FSRandomAccessFileOwnerWrapper::Read(offset, size, options, result, scratch, context);
        if (status.ok()) faults_->after_read(result, scratch);
        return status;
    }

    IOStatus MultiRead(rocksdb::FSReadRequest *requests, size_t count, const IOOptions &options,
                       IODebugContext *context) override {
        IOStatus status = FSRandomAccessFileOwnerWrapper::MultiRead(requests, count, options, context);
        for (size_t i = 0; i < count && status.ok(); i++)
            if (requests[i].status.ok()) faults_->after_read(&requests[i].result, requests[i].scratch);
        return status;
    }

  private:
    shim_faults *const faults_;
};

class FaultySequentialFile final : public rocksdb::FSSequentialFileOwnerWrapper {
  public:
    FaultySequentialFile(std::unique_ptr<FSSequentialFile> file, shim_faults *faults)
        : FSSequentialFileOwnerWrapper(std::move(file)), faults_(faults) {}

    IOStatus Read(size_t size, const IOOptions &options, Slice *result, char *scratch, IODebugContext *context) override {
        IOStatus status = FSSequentialFileOwnerWrapper::Read(size, options, result, scratch, context);
        if (status.ok()) faults_->after_read(result, scratch);
        return status;
    }

  private:
    shim_faults *const faults_;
};

class FaultyDirectory final : public rocksdb::FSDirectoryWrapper {
  public:
    FaultyDirectory(std::unique_ptr<FSDirectory> directory, shim_faults *faults, const std::string &path)
        : FSDirectoryWrapper(std::move(directory)), faults_(faults), path_(path) {}

    IOStatus Fsync(const IOOptions &options, IODebugContext *context) override {
        IOStatus status = faults_->before_sync();
        if (status.ok()) status = FSDirectoryWrapper::Fsync(options, context);
        if (status.ok()) faults_->directory_synced(path_);
        return status;
    }

    IOStatus FsyncWithDirOptions(const IOOptions &options, IODebugContext *context,
                                 const rocksdb::DirFsyncOptions &what) override {
        IOStatus status = faults_->before_sync();
        if (status.ok()) status = FSDirectoryWrapper::FsyncWithDirOptions(options, context, what);
        if (status.ok()) faults_->directory_synced(path_);
        return status;
    }

  private:
    shim_faults *const faults_;
    const std::string path_;
};

}  // namespace

std::unique_ptr<FSWritableFile> deed::faulty(
    std::unique_ptr<FSWritableFile> file, shim_faults *faults, const std::string &path) {
    return std::make_unique<FaultyFile>(std::move(file), faults, path);
}

std::unique_ptr<FSRandomAccessFile> deed::faulty(std::unique_ptr<FSRandomAccessFile> file, shim_faults *faults) {
    return std::make_unique<FaultyRandomFile>(std::move(file), faults);
}

std::unique_ptr<FSSequentialFile> deed::faulty(std::unique_ptr<FSSequentialFile> file, shim_faults *faults) {
    return std::make_unique<FaultySequentialFile>(std::move(file), faults);
}

std::unique_ptr<FSDirectory> deed::faulty(
    std::unique_ptr<FSDirectory> directory, shim_faults *faults, const std::string &path) {
    const bool ends_in_slash = path.size() > 1 && path.back() == '/';
    return std::make_unique<FaultyDirectory>(
        std::move(directory), faults, ends_in_slash ? path.substr(0, path.size() - 1) : path);
}

// ---- C -------------------------------------------------------------------------------------------------------------

shim_faults *shim_faults_create(void) { return new shim_faults(); }

void shim_faults_destroy(shim_faults *faults) { delete faults; }

void shim_faults_set(shim_faults *faults, int64_t writes, int64_t syncs, int error_number) {
    faults->end();
    faults->error_number.store(error_number);
    faults->writes.store(writes);
    faults->syncs.store(syncs);
}

void shim_faults_plan(shim_faults *faults, int point, int64_t count, int fault) { faults->plan(point, count, fault); }

void shim_faults_reach(shim_faults *faults, int point) { faults->reach(point); }

int64_t shim_faults_reached(shim_faults *faults, int point) { return faults->reached(point); }
