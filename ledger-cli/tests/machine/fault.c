// Lets one call to the operating system fail, or the process end at it. Preloaded into the program under test:
//
//   FAULT=call:file:n:what
//
//   call   open, read, write, sync, cut (truncate), move (rename), drop (unlink), or change: any of these that alters a file
//   file   only files whose path contains this
//   n      which of these calls, from 1
//   what   the number of an error, with a + behind it for this call and all later ones; kill: the process ends before the call;
//          tear: half of a write is done, then the process ends
//
// That a fault was met is said on standard error: `fault: call path`.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static char call[16], file[256];
static long nth;
static int error, lasting, ending, tearing;
static volatile long met;

__attribute__((constructor)) static void begin(void) {
    const char *said = getenv("FAULT");
    char what[16] = "";
    if (!said || sscanf(said, "%15[^:]:%255[^:]:%ld:%15s", call, file, &nth, what) != 4) return;
    tearing = !strcmp(what, "tear");
    ending = tearing || !strcmp(what, "kill");
    error = atoi(what);
    lasting = strchr(what, '+') != NULL;
}

static void say(const char *name, const char *path) {
    char line[512];
    int length = snprintf(line, sizeof line, "fault: %s %s\n", name, path);
    syscall(SYS_write, 2, line, length < (int)sizeof line ? length : (int)sizeof line);
}

/* Whether this call is to fail; errno is then set. Half of `bytes` is written before the process ends, when it is to be torn. */
static int fails(const char *name, int alters, int fd, const char *path, const void *bytes, size_t length) {
    char at[256], link[64];
    if (!nth || (strcmp(call, name) && !(alters && !strcmp(call, "change")))) return 0;
    if (!path) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t size = readlink(link, at, sizeof at - 1);
        if (size < 0) return 0;
        at[size] = 0;
        path = at;
    }
    if (!strstr(path, file)) return 0;
    long now = __sync_add_and_fetch(&met, 1);
    if (lasting ? now < nth : now != nth) return 0;
    say(name, path);
    if (ending) {
        if (tearing && bytes) syscall(SYS_write, fd, bytes, length / 2);
        kill(getpid(), SIGKILL);
        for (;;) pause();
    }
    errno = error;
    return 1;
}

#define NEXT(result, name, ...) \
    static result (*next)(__VA_ARGS__); \
    if (!next) next = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

int open64(const char *path, int flags, ...) {
    NEXT(int, "open64", const char *, int, ...);
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return fails("open", flags & (O_CREAT | O_TRUNC), -1, path, NULL, 0) ? -1 : next(path, flags, mode);
}

ssize_t read(int fd, void *bytes, size_t length) {
    NEXT(ssize_t, "read", int, void *, size_t);
    return fails("read", 0, fd, NULL, NULL, 0) ? -1 : next(fd, bytes, length);
}

ssize_t pread64(int fd, void *bytes, size_t length, off64_t at) {
    NEXT(ssize_t, "pread64", int, void *, size_t, off64_t);
    return fails("read", 0, fd, NULL, NULL, 0) ? -1 : next(fd, bytes, length, at);
}

ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t length, unsigned flags) {
    NEXT(ssize_t, "copy_file_range", int, off64_t *, int, off64_t *, size_t, unsigned);
    if (fails("read", 0, from, NULL, NULL, 0) || fails("write", 1, to, NULL, NULL, 0)) return -1;
    return next(from, from_at, to, to_at, length, flags);
}

ssize_t write(int fd, const void *bytes, size_t length) {
    NEXT(ssize_t, "write", int, const void *, size_t);
    return fails("write", 1, fd, NULL, bytes, length) ? -1 : next(fd, bytes, length);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
    NEXT(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    return fails("write", 1, fd, NULL, NULL, 0) ? -1 : next(fd, bytes, length, at);
}

int fsync(int fd) {
    NEXT(int, "fsync", int);
    return fails("sync", 1, fd, NULL, NULL, 0) ? -1 : next(fd);
}

int fdatasync(int fd) {
    NEXT(int, "fdatasync", int);
    return fails("sync", 1, fd, NULL, NULL, 0) ? -1 : next(fd);
}

int sync_file_range(int fd, off64_t at, off64_t length, unsigned flags) {
    NEXT(int, "sync_file_range", int, off64_t, off64_t, unsigned);
    return fails("sync", 1, fd, NULL, NULL, 0) ? -1 : next(fd, at, length, flags);
}

int ftruncate64(int fd, off64_t length) {
    NEXT(int, "ftruncate64", int, off64_t);
    return fails("cut", 1, fd, NULL, NULL, 0) ? -1 : next(fd, length);
}

int rename(const char *from, const char *to) {
    NEXT(int, "rename", const char *, const char *);
    return fails("move", 1, -1, to, NULL, 0) ? -1 : next(from, to);
}

int unlink(const char *path) {
    NEXT(int, "unlink", const char *);
    return fails("drop", 1, -1, path, NULL, 0) ? -1 : next(path);
}

int unlinkat(int folder, const char *path, int flags) {
    NEXT(int, "unlinkat", int, const char *, int);
    return fails("drop", 1, folder, NULL, NULL, 0) ? -1 : next(folder, path, flags);
}

int mkdir(const char *path, mode_t mode) {
    NEXT(int, "mkdir", const char *, mode_t);
    return fails("make", 1, -1, path, NULL, 0) ? -1 : next(path, mode);
}
