/* What the thread sanitizer is not to hear of. Empty in every other build.
 *
 * Swift announces to it, besides the loads and stores, each call of a mutating method and each argument `inout` as a write of
 * the whole value. The engine's structs lie in memory of their own and contain the latch that guards them: a segment is
 * announced as written when its latch is about to be taken, while others look at the same latch. Not a byte is written
 * there. So announcements are ignored; every load and store is still looked at. The linker puts this function in the place of
 * the sanitizer's (`--wrap`, in scripts/sanitize.sh). */

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)

void __wrap___tsan_external_write(void *address, void *caller, void *tag);

void __wrap___tsan_external_write(void *address, void *caller, void *tag)
{
    (void)address, (void)caller, (void)tag;
}

#endif
#endif
