/* The floor of fan-out: send() in a loop, and nothing else.
   floor N: prints its port, accepts N connections; then for each line "BYTES TIMES PAUSE_US" of its input sends
   BYTES to every socket, TIMES times with a pause between, and prints the CPU nanoseconds of one send(). */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static long long cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

int main(int argc, char **argv) {
    int count = argc > 1 ? atoi(argv[1]) : 0, one = 1;
    int *sockets = calloc(count, sizeof *sockets), listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    static char message[65536];
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    memset(message, 'x', sizeof message);
    if (bind(listener, (void *)&address, size) || listen(listener, 4096)) fail("listen");
    getsockname(listener, (void *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (int i = 0; i < count; i++) {
        sockets[i] = accept(listener, NULL, NULL);
        if (sockets[i] < 0) fail("accept");
        setsockopt(sockets[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    }
    int bytes, times, pause_us;
    while (scanf("%d %d %d", &bytes, &times, &pause_us) == 3) {
        long long before = cpu_ns();
        for (int n = 0; n < times; n++) {
            if (n) usleep(pause_us);
            for (int i = 0; i < count; i++)
                if (send(sockets[i], message, bytes, MSG_DONTWAIT | MSG_NOSIGNAL) != bytes) fail("send");
        }
        printf("%lld\n", (cpu_ns() - before) / ((long long)count * times));
        fflush(stdout);
    }
    return 0;
}
