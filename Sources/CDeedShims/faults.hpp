// The state behind shim_faults: which fault is on, and what of each file would survive a power cut.

#pragma once

#include "CDeedShims.h"

#include <rocksdb/file_system.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

struct shim_faults {
    // For shim_faults_set.
    std::atomic<int64_t> writes{-1};
    std::atomic<int64_t> syncs{-1};
    std::atomic<int> error_number{0};

    void plan(int point, int64_t count, int fault);
    void reach(int point);
    int64_t reached(int point);
    // Ends what a plan began.
    void end() { fault_.store(SHIM_FAULT_NONE); }

    // How much of a write of `size` bytes may be done, and the error that then follows.
    rocksdb::IOStatus before_write(size_t size, size_t *out_allowed);
    rocksdb::IOStatus before_sync();
    // Spoils what was read into `scratch` if it is time to.
    void after_read(rocksdb::Slice *result, char *scratch);

    // What a power cut would leave.
    void created(const std::string &path);
    void written(const std::string &path, size_t size);
    void synced(const std::string &path);
    void linked(const std::string &from, const std::string &to);
    void renamed(const std::string &from, const std::string &to);
    void removed(const std::string &path);
    void directory_synced(const std::string &path);

  private:
    struct File {
        uint64_t written = 0;
        uint64_t synced = 0;
    };

    [[noreturn]] void stop(int fault);

    std::atomic<int> fault_{SHIM_FAULT_NONE};
    std::mutex mutex_;
    int point_ = 0;
    int64_t left_ = 0;
    int planned_ = SHIM_FAULT_NONE;
    std::map<int, int64_t> counts_;
    std::map<std::string, File> files_;
    // Files whose directory was not synced since they appeared in it.
    std::set<std::string> unsynced_names_;
};

namespace deed {

std::unique_ptr<rocksdb::FSWritableFile> faulty(
    std::unique_ptr<rocksdb::FSWritableFile> file, shim_faults *faults, const std::string &path);
std::unique_ptr<rocksdb::FSRandomAccessFile> faulty(
    std::unique_ptr<rocksdb::FSRandomAccessFile> file, shim_faults *faults);
std::unique_ptr<rocksdb::FSSequentialFile> faulty(std::unique_ptr<rocksdb::FSSequentialFile> file, shim_faults *faults);
std::unique_ptr<rocksdb::FSDirectory> faulty(
    std::unique_ptr<rocksdb::FSDirectory> directory, shim_faults *faults, const std::string &path);

bool is_table(const std::string &path);

}  // namespace deed
