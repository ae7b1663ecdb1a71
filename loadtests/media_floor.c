/* The floor of the media plane: AES-128-GCM and sendmsg() with UDP_SEGMENT in a loop, and nothing else.
   media_floor LIBRARY VIEWERS: LIBRARY is OpenSSL's libcrypto (libcrypto.so.3, say). Reads the viewers' UDP ports on
   127.0.0.1, then lines "ROUNDS PACKETS BYTES PAUSE_US". In a round every viewer is sent so many packets in one send,
   encrypted under a key of its own, BYTES long before the tag is added; between rounds it pauses. Prints for each line
   the CPU nanoseconds of one packet. */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEADER = 12, TAG = 16, PACKETS_MAX = 64, BYTES_MAX = 65000, UDP_SEGMENT_ = 103, GET_TAG = 0x10 };

static void *(*new_context)(void);
static const void *(*gcm)(void);
static int (*init)(void *, const void *, void *, const uint8_t *, const uint8_t *);
static int (*update)(void *, uint8_t *, int *, const uint8_t *, int);
static int (*final)(void *, uint8_t *, int *);
static int (*control)(void *, int, int, void *);

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void *find(void *library, const char *name) {
    void *found = library ? dlsym(library, name) : NULL;
    if (!found) fprintf(stderr, "no %s: %s\n", name, dlerror()), exit(1);
    return found;
}

static void bind_openssl(const char *path) {
    void *library = dlopen(path, RTLD_NOW);
    new_context = (void *(*)(void))find(library, "EVP_CIPHER_CTX_new");
    gcm = (const void *(*)(void))find(library, "EVP_aes_128_gcm");
    init = (int (*)(void *, const void *, void *, const uint8_t *, const uint8_t *))find(library, "EVP_EncryptInit_ex");
    update = (int (*)(void *, uint8_t *, int *, const uint8_t *, int))find(library, "EVP_EncryptUpdate");
    final = (int (*)(void *, uint8_t *, int *))find(library, "EVP_EncryptFinal_ex");
    control = (int (*)(void *, int, int, void *))find(library, "EVP_CIPHER_CTX_ctrl");
}

static long long cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void seal(void *context, uint8_t *out, const uint8_t *packet, int bytes, uint64_t number) {
    uint8_t iv[12] = {0};
    int size;
    memcpy(iv + 4, &number, sizeof number);
    memcpy(out, packet, HEADER);
    if (!init(context, NULL, NULL, NULL, iv) || !update(context, NULL, &size, out, HEADER) ||
        !update(context, out + HEADER, &size, packet + HEADER, bytes - HEADER) ||
        !final(context, out + bytes, &size) || !control(context, GET_TAG, TAG, out + bytes))
        fail("OpenSSL");
}

static void send_cut(int from, struct sockaddr_in *to, uint8_t *data, size_t size, uint16_t segment) {
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof segment)];
    } control = {0};
    struct iovec vector = {data, size};
    struct msghdr message = {.msg_name = to, .msg_namelen = sizeof *to, .msg_iov = &vector, .msg_iovlen = 1};
    if (size > segment) {
        control.header.cmsg_level = IPPROTO_UDP;
        control.header.cmsg_type = UDP_SEGMENT_;
        control.header.cmsg_len = CMSG_LEN(sizeof segment);
        memcpy(CMSG_DATA(&control.header), &segment, sizeof segment);
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
    }
    if (sendmsg(from, &message, 0) < 0 && errno != ECONNREFUSED) fail("sendmsg");
}

int main(int argc, char **argv) {
    static uint8_t packet[BYTES_MAX], sealed[BYTES_MAX + TAG];
    int viewers = argc == 3 ? atoi(argv[2]) : 0, from = socket(AF_INET, SOCK_DGRAM, 0), port;
    if (viewers < 1 || from < 0) return fprintf(stderr, "usage: media_floor LIBRARY VIEWERS\n"), 2;
    bind_openssl(argv[1]);
    struct sockaddr_in *to = calloc((size_t)viewers, sizeof *to);
    void **contexts = calloc((size_t)viewers, sizeof *contexts);
    for (int i = 0; i < viewers && scanf("%d", &port) == 1; i++) {
        uint8_t key[16] = {(uint8_t)i, (uint8_t)(i >> 8)};
        to[i] = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
        to[i].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        contexts[i] = new_context();
        if (!init(contexts[i], gcm(), NULL, key, NULL)) fail("OpenSSL");
    }
    int rounds, packets, bytes, pause_us;
    uint64_t number = 0;
    while (scanf("%d %d %d %d", &rounds, &packets, &bytes, &pause_us) == 4) {
        if (packets < 1 || packets > PACKETS_MAX || bytes < HEADER || packets * (bytes + TAG) > BYTES_MAX) return 2;
        long long before = cpu_ns();
        for (int round = 0; round < rounds; round++) {
            if (round && pause_us) usleep((useconds_t)pause_us);
            for (int i = 0; i < viewers; i++) {
                for (int n = 0; n < packets; n++) seal(contexts[i], sealed + n * (bytes + TAG), packet, bytes, number++);
                send_cut(from, &to[i], sealed, (size_t)(packets * (bytes + TAG)), (uint16_t)(bytes + TAG));
            }
        }
        printf("%.1f\n", (double)(cpu_ns() - before) / ((double)viewers * rounds * packets));
        fflush(stdout);
    }
    return 0;
}
