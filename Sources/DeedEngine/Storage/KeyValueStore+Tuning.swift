// How RocksDB is set up, and why.

import CRocksDB
import CDeedShims

/// The options that a database was opened with, its environment and its block cache.
final class Tuning: @unchecked Sendable {
    // Unchecked: constants that RocksDB copies on open.
    let database: OpaquePointer
    let cache: OpaquePointer
    let environment: OpaquePointer
    let faults: KeyValueStore.Faults?
    private let families: [OpaquePointer]

    init(_ options: KeyValueStore.Options) {
        cache = rocksdb_cache_create_lru(max(options.cacheBytes, 0))
        faults = options.faults
        let own = shim_environment_create(options.faults?.pointer, !options.readOnly)
        if options.follows {
            environment = shim_environment_following(own)
            rocksdb_env_destroy(own)
        } else {
            environment = own.unsafelyUnwrapped
        }
        let database: OpaquePointer = rocksdb_options_create()
        rocksdb_options_set_env(database, environment)
        Self.setUpDatabase(database, options)
        self.database = database
        let (cache, environment) = (self.cache, self.environment)
        families = KeyValueStore.Family.allCases.map { family in
            let result = Self.familyOptions(family, options, cache)
            // For SortedFileWriter; a family of a database has the database's.
            rocksdb_options_set_env(result, environment)
            return result
        }
    }

    deinit {
        for family in families { rocksdb_options_destroy(family) }
        rocksdb_options_destroy(database)
        rocksdb_cache_destroy(cache)
        rocksdb_env_destroy(environment)
    }

    subscript(family: KeyValueStore.Family) -> OpaquePointer { families[family.rawValue] }

    /// Point-in-time recovery: on open the log is replayed up to the first record that is torn or fails its checksum,
    /// and what follows is dropped. After a crash of the machine the part of the log that was never synced may hold
    /// anything, holes included, since the kernel writes pages back in any order; the synced part is whole. So this
    /// mode always opens after a crash and keeps every synced commit.
    /// `TolerateCorruptedTailRecords` refuses to open when the first bad record is followed by more bytes, as after a
    /// hole; `AbsoluteConsistency` refuses any torn tail; `SkipAnyCorruptedRecords` would replay later commits over a
    /// gap. The price: damage in the middle of the log looks like a crash. And RocksDB takes zeros for space that was
    /// never written, so a hole among writes without sync that begins and ends between two records is passed over.
    /// Commit records carry their own sequence, by which the layer above can tell.
    private static let recoveryMode = Int32(rocksdb_point_in_time_recovery)

    private static func setUpDatabase(_ database: OpaquePointer, _ options: KeyValueStore.Options) {
        rocksdb_options_set_create_if_missing(database, options.createIfMissing ? 1 : 0)
        rocksdb_options_set_create_missing_column_families(database, options.readOnly ? 0 : 1)
        rocksdb_options_set_paranoid_checks(database, 1)
        shim_options_keep_file_checksums(database)
        rocksdb_options_set_wal_recovery_mode(database, recoveryMode)
        // All families together; the largest memtable is flushed first.
        rocksdb_options_set_db_write_buffer_size(database, options.writeBufferBytes * 2)
        // A family that is seldom written would keep every log file since its last flush, and a long log makes a slow
        // open. Beyond this size the oldest memtables are flushed.
        rocksdb_options_set_max_total_wal_size(database, UInt64(options.writeBufferBytes) * 2)
        // Every table file stays open: no descriptor cache to look up in, and a second process may read on while files
        // are deleted. Opening them costs one or two reads each, so it is spread over a few threads only.
        rocksdb_options_set_max_open_files(database, -1)
        rocksdb_options_set_max_file_opening_threads(database, 2)
        rocksdb_options_set_skip_stats_update_on_db_open(database, 1)
        // Opening every file finds a missing or short one already.
        rocksdb_options_set_skip_checking_sst_file_sizes_on_db_open(database, 1)
        rocksdb_options_set_max_background_jobs(database, 2)
        // Background writes reach the disk in steps, so that a commit's sync does not wait behind a long burst.
        rocksdb_options_set_bytes_per_sync(database, 1 << 20)
        // No statistics for RocksDB's own diary, which the environment drops.
        rocksdb_options_set_stats_dump_period_sec(database, 0)
        rocksdb_options_set_stats_persist_period_sec(database, 0)
    }

    private static func familyOptions(
        _ family: KeyValueStore.Family, _ options: KeyValueStore.Options, _ cache: OpaquePointer
    ) -> OpaquePointer {
        let result: OpaquePointer = rocksdb_options_create()
        rocksdb_options_set_compression(result, Int32(rocksdb_lz4_compression))
        rocksdb_options_set_write_buffer_size(result, options.writeBufferBytes)
        let table: OpaquePointer = rocksdb_block_based_options_create()
        defer { rocksdb_block_based_options_destroy(table) }
        rocksdb_block_based_options_set_block_cache(table, cache)
        rocksdb_block_based_options_set_format_version(table, 5)
        switch family {
        case .meta:
            rocksdb_block_based_options_set_block_size(table, 4 << 10)
        case .log:
            // Read once, in order. Mostly it never leaves the memtable: a checkpoint deletes it first.
            rocksdb_block_based_options_set_block_size(table, 64 << 10)
            rocksdb_options_set_level0_file_num_compaction_trigger(result, 8)
        case .segments, .adjacency, .indexes:
            // A large value makes a block of its own; small ones share a block, and reading one of them unpacks all.
            rocksdb_block_based_options_set_block_size(table, 32 << 10)
            // Values are looked up by whole key and nearly always exist: the filter saves reading a block of hundreds
            // of KiB per level that does not have the key.
            rocksdb_block_based_options_set_filter_policy(table, rocksdb_filterpolicy_create_bloom_full(10))
            rocksdb_options_set_optimize_filters_for_hits(result, 1)
        }
        rocksdb_options_set_block_based_table_factory(result, table)
        return result
    }
}
