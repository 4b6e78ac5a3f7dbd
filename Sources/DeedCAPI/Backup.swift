// Backups, restoring, and checkpoints for replicas to start from.

import CDeed
import DeedEngine

/// A path from outside.
func path(_ base: UnsafePointer<CChar>?, _ size: Int) throws(DeedError) -> String {
    let bytes = try bytes(base, size)
    guard let text = String(validating: bytes, as: UTF8.self), !text.isEmpty, !bytes.contains(0) else {
        throw DeedError(.invalidArgument, "a path is empty, not UTF-8, or contains a NUL")
    }
    return text
}

extension deed_backup_info {
    fileprivate init(_ info: BackupInfo) {
        self.init(
            id: info.id, has_log: info.hasLog, sequence: info.sequence, time: info.microseconds, size: info.size)
    }
}

@c @implementation
public func deed_backup(
    _ database: OpaquePointer?, _ directory: UnsafePointer<CChar>?, _ directory_size: Int, _ keep: UInt32,
    _ progress: deed_progress?, _ user_data: UnsafeMutableRawPointer?,
    _ out_info: UnsafeMutablePointer<deed_backup_info>?, _ out_error: ErrorOut
) -> deed_status {
    out_info?.pointee = deed_backup_info()
    return run(out_error) { () throws(DeedError) in
        let directory = try path(directory, directory_size)
        let info = try graph(database).backUp(to: directory, keep: Int(keep)) { done, total in
            progress?(user_data, UInt64(done), UInt64(total)) ?? true
        }
        out_info?.pointee = deed_backup_info(info)
    }
}

@c @implementation
public func deed_backups(
    _ directory: UnsafePointer<CChar>?, _ directory_size: Int, _ out_infos: UnsafeMutablePointer<deed_backup_info>?,
    _ capacity: Int, _ out_count: UnsafeMutablePointer<Int>?, _ out_error: ErrorOut
) -> deed_status {
    out_count?.pointee = 0
    return run(out_error) { () throws(DeedError) in
        let infos = try BackupInfo.list(try path(directory, directory_size))
        if let out_infos {
            for (index, info) in infos.prefix(max(capacity, 0)).enumerated() { out_infos[index] = deed_backup_info(info) }
        }
        out_count?.pointee = infos.count
    }
}

@c @implementation
public func deed_restore_options_init(_ options: UnsafeMutablePointer<deed_restore_options>?) {
    options?.pointee = deed_restore_options()
    options?.pointee.struct_size = MemoryLayout<deed_restore_options>.size
}

@c @implementation
public func deed_restore(
    _ directory: UnsafePointer<CChar>?, _ directory_size: Int, _ path: UnsafePointer<CChar>?, _ path_size: Int,
    _ options: UnsafePointer<deed_restore_options>?, _ out_sequence: UnsafeMutablePointer<UInt64>?, _ out_error: ErrorOut
) -> deed_status {
    out_sequence?.pointee = 0
    return run(out_error) { () throws(DeedError) in
        let (source, target) = (try DeedCAPI.path(directory, directory_size), try DeedCAPI.path(path, path_size))
        let sequence = try Restore(from: source, to: target, restoreOptions(options)).run()
        out_sequence?.pointee = sequence
    }
}

private func restoreOptions(_ given: UnsafePointer<deed_restore_options>?) throws(DeedError) -> RestoreOptions {
    var result = RestoreOptions()
    guard let options = given?.pointee else { return result }
    guard options.struct_size >= MemoryLayout<deed_restore_options>.size else {
        throw DeedError(.invalidArgument, "the options were not initialised with deed_restore_options_init")
    }
    result.backup = options.backup
    if options.until_sequence != 0 { result.untilSequence = options.until_sequence }
    if options.until_time != 0 { result.untilMicroseconds = options.until_time }
    if options.log != nil { result.log = try path(options.log, options.log_size) }
    result.onlyBackup = options.only_backup
    return result
}

@c @implementation
public func deed_export_checkpoint(
    _ database: OpaquePointer?, _ directory: UnsafePointer<CChar>?, _ directory_size: Int,
    _ out_sequence: UnsafeMutablePointer<UInt64>?, _ out_error: ErrorOut
) -> deed_status {
    out_sequence?.pointee = 0
    return run(out_error) { () throws(DeedError) in
        let sequence = try graph(database).exportCheckpoint(to: try path(directory, directory_size))
        out_sequence?.pointee = sequence
    }
}

@c @implementation
public func deed_import_checkpoint(
    _ directory: UnsafePointer<CChar>?, _ directory_size: Int, _ path: UnsafePointer<CChar>?, _ path_size: Int,
    _ out_sequence: UnsafeMutablePointer<UInt64>?, _ out_error: ErrorOut
) -> deed_status {
    var options = deed_restore_options()
    deed_restore_options_init(&options)
    options.only_backup = true
    return deed_restore(directory, directory_size, path, path_size, &options, out_sequence, out_error)
}
