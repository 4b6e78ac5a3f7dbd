// See CDeedShims.h. How a second process reads a log that its owner is writing.

#include "CDeedShims.h"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

using rocksdb::FileOptions;
using rocksdb::FileSystem;
using rocksdb::FSRandomAccessFile;
using rocksdb::FSSequentialFile;
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

// The format of RocksDB's logs, which never changes (log_format.h): blocks of 32 KiB; in them records of a checksum (4
// bytes), a length (2), a type (1) and so many bytes; no record begins in the last 6 bytes of a block.
constexpr uint64_t block_size = 32768;
constexpr uint64_t header_size = 7;

uint32_t stored_checksum(const char *header) {
    uint32_t masked;
    std::memcpy(&masked, header, sizeof masked);
    const uint32_t rotated = masked - 0xa282ead8u;
    return (rotated >> 17) | (rotated << 15);
}

// A log that ends where its last whole record does. The rest is space that was allocated in advance, or a record that is
// just being written: RocksDB would take either for damage and pass over it, and with it over all that comes after.
class GrowingLog final : public FSSequentialFile {
  public:
    explicit GrowingLog(std::unique_ptr<FSRandomAccessFile> file) : file_(std::move(file)) {}

    IOStatus Read(size_t count, const IOOptions &options, Slice *result, char *scratch, IODebugContext *context) override {
        if (position_ + count > end_) {
            IOStatus status = find_end(position_ + count, options, context);
            if (!status.ok()) return status;
        }
        const size_t size = std::min<uint64_t>(count, end_ - position_);
        *result = Slice(scratch, 0);
        if (size == 0) return IOStatus::OK();
        IOStatus status = file_->Read(position_, size, options, result, scratch, context);
        if (status.ok()) position_ += result->size();
        return status;
    }

    IOStatus Skip(uint64_t count) override {
        position_ += count;
        return IOStatus::OK();
    }

  private:
    // Moves the end on, over whole records, until it is at `wanted` or nothing more is there.
    IOStatus find_end(uint64_t wanted, const IOOptions &options, IODebugContext *context) {
        char block[block_size];
        while (end_ < wanted) {
            const uint64_t left = block_size - end_ % block_size;
            Slice data;
            IOStatus status = file_->Read(end_, left, options, &data, block, context);
            if (!status.ok()) return status;
            const uint64_t whole = whole_records(data);
            end_ += whole;
            // What is left of a block is padding only once the next block has begun.
            if (left - whole >= header_size) return IOStatus::OK();
            Slice next;
            char first[header_size];
            const uint64_t following = end_ + (left - whole);
            status = file_->Read(following, header_size, options, &next, first, context);
            if (!status.ok()) return status;
            if (next.size() < header_size || next[6] == 0) return IOStatus::OK();
            end_ = following;
        }
        return IOStatus::OK();
    }

    // The size of the whole records with which the rest of a block begins.
    static uint64_t whole_records(const Slice &data) {
        uint64_t position = 0;
        while (data.size() - position >= header_size) {
            const char *header = data.data() + position;
            const uint64_t length = static_cast<unsigned char>(header[4]) | static_cast<unsigned char>(header[5]) << 8;
            if (header[6] == 0 || length > data.size() - position - header_size) break;
            if (shim_checksum(header + 6, length + 1) != stored_checksum(header)) break;
            position += header_size + length;
        }
        return position;
    }

    const std::unique_ptr<FSRandomAccessFile> file_;
    // What has been handed out, and where the last record ends that is known to be whole.
    uint64_t position_ = 0;
    uint64_t end_ = 0;
};

class FollowingFileSystem final : public rocksdb::FileSystemWrapper {
  public:
    explicit FollowingFileSystem(std::shared_ptr<FileSystem> base) : FileSystemWrapper(std::move(base)) {}

    const char *Name() const override { return "DeedFollowingFileSystem"; }

    IOStatus NewSequentialFile(const std::string &name, const FileOptions &options,
                               std::unique_ptr<FSSequentialFile> *result, IODebugContext *context) override {
        const std::string suffix = ".log";
        const bool is_log = name.size() > suffix.size() && name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0;
        if (!is_log) return FileSystemWrapper::NewSequentialFile(name, options, result, context);
        std::unique_ptr<FSRandomAccessFile> file;
        IOStatus status = FileSystemWrapper::NewRandomAccessFile(name, options, &file, context);
        if (status.ok()) *result = std::make_unique<GrowingLog>(std::move(file));
        return status;
    }
};

}  // namespace

rocksdb_env_t *shim_environment_following(const rocksdb_env_t *base) {
    auto *result = new rocksdb_env_t();
    result->rep = rocksdb::NewCompositeEnv(std::make_shared<FollowingFileSystem>(base->rep->GetFileSystem())).release();
    result->is_default = false;
    return result;
}
