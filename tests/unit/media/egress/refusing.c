/* Preloaded: a sendmsg() that fails when told to. Loopback takes whatever it is given, a network card does not. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/types.h>

static int error, allowed, times;

/* Let `first` more sends through; then fail as often as `count` with that errno. */
void refuse(int with, int first, int count) {
    error = with;
    allowed = first;
    times = count;
}

ssize_t sendmsg(int descriptor, const struct msghdr *message, int flags) {
    static ssize_t (*real)(int, const struct msghdr *, int);
    if (!real) real = (ssize_t(*)(int, const struct msghdr *, int))dlsym(RTLD_NEXT, "sendmsg");
    if (allowed > 0 || times <= 0) {
        allowed--;
        return real(descriptor, message, flags);
    }
    times--;
    errno = error;
    return -1;
}
