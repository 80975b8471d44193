/* Faults at the n-th write-side call of a process, also of the libraries that are not written in Python.
 *
 * Preloaded into the fork server (LD_PRELOAD). `fault_arm` starts to count in the process that calls it and in those
 * that it forks from then on:
 *   how 0: only count   1: SIGKILL   2: the disk is full from then on   3: EIO once   4: every write is short
 * Counted are calls that change a file under `root`, or whose descriptor is of one. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static int how = -1;
static long at, *seen; /* shared by all processes of an apply */
static pid_t applying;
static char root[PATH_MAX];

void fault_arm(int how_, long at_, const char *root_) {
    strncpy(root, root_, sizeof root - 1);
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    at = at_, applying = getpid(), how = how_;
}

long fault_seen(void) { return __atomic_load_n(seen, __ATOMIC_SEQ_CST); }

static int under_root(const char *path) {
    return path && (path[0] != '/' || strncmp(path, root, strlen(root)) == 0);
}

static int descriptor_under_root(int fd) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return path[0] == '/' && under_root(path);
}

/* Whether the call must fail; errno is then set. Does not return where the process must die. */
static int strikes(int takes_room) {
    long now = __atomic_add_fetch(seen, 1, __ATOMIC_SEQ_CST);
    if (how == 1 && now == at) kill(applying, SIGKILL), kill(getpid(), SIGKILL), pause();
    if (how == 2 && now >= at && takes_room) return errno = ENOSPC, 1;
    if (how == 3 && now == at) return errno = EIO, 1;
    return 0;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define ON_PATH(path, room) (how >= 0 && under_root(path) && strikes(room))
#define ON_DESCRIPTOR(fd, room) (how >= 0 && descriptor_under_root(fd) && strikes(room))

/* A full disk takes what still fits; a short write is what every caller has to go on from. */
static size_t shortened(int fd, size_t count) {
    if (how == 4 && count > 1 && descriptor_under_root(fd)) return (count + 1) / 2;
    return count;
}

ssize_t write(int fd, const void *bytes, size_t count) {
    if (ON_DESCRIPTOR(fd, 1)) {
        if (how == 2 && *seen == at && count > 1) return REAL(write)(fd, bytes, count / 2);
        return -1;
    }
    return REAL(write)(fd, bytes, shortened(fd, count));
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
    return ON_DESCRIPTOR(fd, 1) ? -1 : REAL(pwrite)(fd, bytes, shortened(fd, count), offset);
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
    return ON_DESCRIPTOR(fd, 1) ? -1 : REAL(pwrite64)(fd, bytes, shortened(fd, count), offset);
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
    return ON_DESCRIPTOR(fd, 1) ? -1 : REAL(writev)(fd, parts, count);
}
ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t count, unsigned flags) {
    return ON_DESCRIPTOR(out, 1) ? -1 : REAL(copy_file_range)(in, from, out, to, count, flags);
}
ssize_t sendfile(int out, int in, off_t *from, size_t count);
ssize_t sendfile64(int out, int in, off64_t *from, size_t count);
ssize_t sendfile(int out, int in, off_t *from, size_t count) {
    return ON_DESCRIPTOR(out, 1) ? -1 : REAL(sendfile)(out, in, from, count);
}
ssize_t sendfile64(int out, int in, off64_t *from, size_t count) {
    return ON_DESCRIPTOR(out, 1) ? -1 : REAL(sendfile64)(out, in, from, count);
}
int fsync(int fd) { return ON_DESCRIPTOR(fd, 0) ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return ON_DESCRIPTOR(fd, 0) ? -1 : REAL(fdatasync)(fd); }
int ftruncate(int fd, off_t length) { return ON_DESCRIPTOR(fd, 0) ? -1 : REAL(ftruncate)(fd, length); }
int ftruncate64(int fd, off64_t length) { return ON_DESCRIPTOR(fd, 0) ? -1 : REAL(ftruncate64)(fd, length); }
int fallocate(int fd, int mode, off_t offset, off_t length) {
    return ON_DESCRIPTOR(fd, 1) ? -1 : REAL(fallocate)(fd, mode, offset, length);
}
int posix_fallocate(int fd, off_t offset, off_t length) {
    return ON_DESCRIPTOR(fd, 1) ? errno : REAL(posix_fallocate)(fd, offset, length);
}
int fchmod(int fd, mode_t mode) { return ON_DESCRIPTOR(fd, 0) ? -1 : REAL(fchmod)(fd, mode); }
int rename(const char *from, const char *to) { return ON_PATH(to, 0) ? -1 : REAL(rename)(from, to); }
int unlink(const char *path) { return ON_PATH(path, 0) ? -1 : REAL(unlink)(path); }
int unlinkat(int folder, const char *path, int flags) {
    return ON_PATH(path, 0) ? -1 : REAL(unlinkat)(folder, path, flags);
}
int rmdir(const char *path) { return ON_PATH(path, 0) ? -1 : REAL(rmdir)(path); }
int mkdir(const char *path, mode_t mode) { return ON_PATH(path, 1) ? -1 : REAL(mkdir)(path, mode); }
int chmod(const char *path, mode_t mode) { return ON_PATH(path, 0) ? -1 : REAL(chmod)(path, mode); }

#define OPEN(name, path, flags, ...)                                                             \
    mode_t mode = 0;                                                                             \
    if (flags & (O_CREAT | O_TMPFILE)) {                                                         \
        va_list rest;                                                                            \
        va_start(rest, flags);                                                                   \
        mode = va_arg(rest, mode_t);                                                             \
        va_end(rest);                                                                            \
    }                                                                                            \
    if ((flags & (O_CREAT | O_TRUNC)) && ON_PATH(path, (flags & O_CREAT) != 0)) return -1;       \
    return REAL(name)(__VA_ARGS__, mode)

int open(const char *path, int flags, ...) { OPEN(open, path, flags, path, flags); }
int open64(const char *path, int flags, ...) { OPEN(open64, path, flags, path, flags); }
int openat(int folder, const char *path, int flags, ...) { OPEN(openat, path, flags, folder, path, flags); }
int openat64(int folder, const char *path, int flags, ...) { OPEN(openat64, path, flags, folder, path, flags); }
