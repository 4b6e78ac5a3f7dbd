/* RocksDB's C interface, as installed by the system's package (librocksdb-dev, 7.8 or later). */
#pragma once
#include <rocksdb/c.h>
