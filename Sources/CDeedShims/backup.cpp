// Backups by RocksDB's BackupEngine, with what its C interface leaves out: metadata, progress, and stopping.

#include "CDeedShims.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/utilities/backup_engine.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

// As RocksDB's c.cc defines them, unchanged since its first version; c.h only declares them.
struct rocksdb_t {
    rocksdb::DB *rep;
};
struct rocksdb_env_t {
    rocksdb::Env *rep;
    bool is_default;
};

using rocksdb::BackupEngine;
using rocksdb::BackupEngineOptions;
using rocksdb::BackupEngineReadOnly;
using rocksdb::BackupInfo;
using rocksdb::Status;

namespace {

// Small, so that the first call comes soon after the files to copy are known.
constexpr uint64_t kProgressBytes = 64 << 10;

char *copy_text(const std::string &text) { return strdup(text.c_str()); }

// False after noting why.
bool succeeded(const Status &status, char **error) {
    if (status.ok()) return true;
    *error = copy_text(status.ToString());
    return false;
}

BackupEngineOptions engine_options(const char *directory) {
    BackupEngineOptions options(directory);
    options.callback_trigger_interval_size = kProgressBytes;
    return options;
}

}  // namespace

char *shim_database_identity(rocksdb_t *database) {
    std::string identity;
    return database->rep->GetDbIdentity(identity).ok() ? copy_text(identity) : nullptr;
}

uint32_t shim_backup_create(rocksdb_t *database, rocksdb_env_t *environment, const char *directory, const char *metadata,
                            bool (*progress)(void *, uint64_t), void *context, char **error) {
    BackupEngine *opened = nullptr;
    if (!succeeded(BackupEngine::Open(engine_options(directory), environment->rep, &opened), error)) return 0;
    std::unique_ptr<BackupEngine> engine(opened);
    std::atomic<uint64_t> copied{0};
    std::atomic<bool> is_done{false};
    rocksdb::BackupID id = 0;
    Status status;
    std::thread worker([&] {
        rocksdb::CreateBackupOptions options;
        options.flush_before_backup = true;
        options.progress_callback = [&] { copied += kProgressBytes; };
        status = engine->CreateNewBackupWithMetadata(options, database->rep, metadata, &id);
        is_done = true;
    });
    bool is_stopped = false;
    while (!is_done) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        if (!is_stopped && !progress(context, copied)) {
            is_stopped = true;
            engine->StopBackup();
        }
    }
    worker.join();
    if (is_stopped && status.ok()) engine->DeleteBackup(id);
    if (is_stopped) {
        *error = copy_text("stopped");
        return 0;
    }
    return succeeded(status, error) ? id : 0;
}

void shim_backup_purge(const char *directory, uint32_t keep, char **error) {
    BackupEngine *opened = nullptr;
    if (!succeeded(BackupEngine::Open(engine_options(directory), rocksdb::Env::Default(), &opened), error)) return;
    std::unique_ptr<BackupEngine> engine(opened);
    succeeded(engine->PurgeOldBackups(keep), error);
}

struct shim_backups {
    std::unique_ptr<BackupEngineReadOnly> engine;
    std::vector<BackupInfo> infos;
};

shim_backups *shim_backups_open(const char *directory, char **error) {
    BackupEngineReadOnly *opened = nullptr;
    Status status = BackupEngineReadOnly::Open(engine_options(directory), rocksdb::Env::Default(), &opened);
    if (!succeeded(status, error)) return nullptr;
    auto *result = new shim_backups();
    result->engine.reset(opened);
    result->engine->GetBackupInfo(&result->infos);
    return result;
}

void shim_backups_close(shim_backups *backups) { delete backups; }

size_t shim_backups_count(const shim_backups *backups) { return backups->infos.size(); }

shim_backup shim_backups_get(const shim_backups *backups, size_t index) {
    const BackupInfo &info = backups->infos[index];
    return {info.backup_id, info.size, info.app_metadata.c_str()};
}

void shim_backups_restore(shim_backups *backups, uint32_t id, const char *path, char **error) {
    Status status = backups->engine->RestoreDBFromBackup(rocksdb::RestoreOptions(), id, path, path);
    // Its threads may still be copying other files; closing the engine waits for them.
    if (!succeeded(status, error)) backups->engine.reset();
}
