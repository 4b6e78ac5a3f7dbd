// Files without a name, for what need not outlive the process; see CDeedShims.h. They are not RocksDB's, but fail as told with
// the rest of the disk.

#include "faults.inc"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

using rocksdb::IOStatus;
using rocksdb::Slice;

struct shim_temporary {
    shim_faults *faults;
    int descriptor;
};

namespace {

// Some file systems cannot make a file without a name; one that loses it at once comes to the same.
int open_without_name(const char *directory) {
    const int descriptor = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL && errno != ENOENT)) return descriptor;
    std::string path = std::string(directory) + "/deed-temporary-XXXXXX";
    const int named = mkostemp(path.data(), O_CLOEXEC);
    if (named >= 0) (void)!unlink(path.c_str());
    return named;
}

int write_all(int descriptor, const char *data, size_t size, uint64_t offset) {
    while (size > 0) {
        const ssize_t written = pwrite(descriptor, data, size, static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return written == 0 ? ENOSPC : errno;
        data += written;
        offset += static_cast<uint64_t>(written);
        size -= static_cast<size_t>(written);
    }
    return 0;
}

}  // namespace

shim_temporary *shim_temporary_create(shim_faults *faults, const char *directory, int *out_error) {
    const int descriptor = open_without_name(directory);
    *out_error = descriptor < 0 ? errno : 0;
    return descriptor < 0 ? nullptr : new shim_temporary{faults, descriptor};
}

int shim_temporary_write(shim_temporary *file, const void *data, size_t size, uint64_t offset) {
    const char *bytes = static_cast<const char *>(data);
    if (file->faults == nullptr) return write_all(file->descriptor, bytes, size, offset);
    size_t allowed = size;
    const IOStatus status = file->faults->before_write(size, &allowed);
    const int error = write_all(file->descriptor, bytes, allowed, offset);
    if (status.ok()) return error;
    return status.IsNoSpace() ? ENOSPC : EIO;
}

int shim_temporary_read(shim_temporary *file, void *data, size_t size, uint64_t offset) {
    char *bytes = static_cast<char *>(data);
    size_t done = 0;
    while (done < size) {
        const ssize_t read = pread(file->descriptor, bytes + done, size - done, static_cast<off_t>(offset + done));
        if (read < 0 && errno == EINTR) continue;
        if (read < 0) return errno;
        if (read == 0) return EIO;
        done += static_cast<size_t>(read);
    }
    if (file->faults == nullptr) return 0;
    Slice result(bytes, size);
    file->faults->after_read(&result, bytes);
    return result.size() == size ? 0 : EIO;
}

void shim_temporary_destroy(shim_temporary *file) {
    close(file->descriptor);
    delete file;
}
