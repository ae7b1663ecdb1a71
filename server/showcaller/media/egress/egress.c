/* The native egress: for each viewer of a group, rewrite the headers of a batch of RTP packets, encrypt them (SRTP,
   RFC 3711 and RFC 7714) and send each run of equal sizes as one datagram that the system cuts (UDP_SEGMENT).

   native.py is the only caller, with the GIL held: so there is one thread, and static scratch memory. Membership,
   lifetimes and arguments are its business; a batch is checked here (it comes from what peers sent). OpenSSL is
   found at run time through a library that Python has loaded already, so no header of it is needed: the prototypes
   below have been the same from 1.1 on. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

enum {
    SEGMENTS_MAX = 64,     /* of one UDP_SEGMENT send */
    RUN_BYTES_MAX = 65000, /* of one UDP_SEGMENT send */
    WINDOW = 1024,         /* packets that a sequence number may be behind the newest, as libsrtp is told */
    STAMPS = 512,          /* packets that can be sent again */
    TAG_MAX = 20,
    GET_TAG = 0x10, /* EVP_CTRL_AEAD_GET_TAG */
};

typedef struct evp_cipher_ctx_st EVP_CIPHER_CTX;
typedef struct evp_cipher_st EVP_CIPHER;
typedef struct evp_md_st EVP_MD;
typedef struct hmac_ctx_st HMAC_CTX;

static struct {
    EVP_CIPHER_CTX *(*EVP_CIPHER_CTX_new)(void);
    void (*EVP_CIPHER_CTX_free)(EVP_CIPHER_CTX *);
    int (*EVP_CIPHER_CTX_ctrl)(EVP_CIPHER_CTX *, int, int, void *);
    const EVP_CIPHER *(*EVP_aes_128_gcm)(void);
    const EVP_CIPHER *(*EVP_aes_128_ctr)(void);
    int (*EVP_EncryptInit_ex)(EVP_CIPHER_CTX *, const EVP_CIPHER *, void *, const uint8_t *, const uint8_t *);
    int (*EVP_EncryptUpdate)(EVP_CIPHER_CTX *, uint8_t *, int *, const uint8_t *, int);
    int (*EVP_EncryptFinal_ex)(EVP_CIPHER_CTX *, uint8_t *, int *);
    const EVP_MD *(*EVP_sha1)(void);
    HMAC_CTX *(*HMAC_CTX_new)(void);
    void (*HMAC_CTX_free)(HMAC_CTX *);
    int (*HMAC_Init_ex)(HMAC_CTX *, const void *, int, const EVP_MD *, void *);
    int (*HMAC_Update)(HMAC_CTX *, const uint8_t *, size_t);
    int (*HMAC_Final)(HMAC_CTX *, uint8_t *, unsigned *);
} ssl;

/* Find OpenSSL in the library at `path` (NULL: the program itself) or what that depends on. 0: found. */
int egress_bind(const char *path) {
    static const struct { const char *name; void **slot; } wanted[] = {
#define WANT(name) {#name, (void **)&ssl.name}
        WANT(EVP_CIPHER_CTX_new), WANT(EVP_CIPHER_CTX_free), WANT(EVP_CIPHER_CTX_ctrl), WANT(EVP_aes_128_gcm),
        WANT(EVP_aes_128_ctr), WANT(EVP_EncryptInit_ex), WANT(EVP_EncryptUpdate), WANT(EVP_EncryptFinal_ex),
        WANT(EVP_sha1), WANT(HMAC_CTX_new), WANT(HMAC_CTX_free), WANT(HMAC_Init_ex), WANT(HMAC_Update),
        WANT(HMAC_Final),
#undef WANT
    };
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) return -1;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (!(*wanted[i].slot = dlsym(library, wanted[i].name))) return -1;
    return 0;
}

/* Which egress.c this was built from. */
const char *egress_digest(void) { return DIGEST; }

/* ---- sinks and streams ---- */

struct sink {
    EVP_CIPHER_CTX *cipher; /* keyed once; a packet sets only the IV */
    HMAC_CTX *hmac;         /* NULL with GCM */
    uint8_t salt[14];
    int tag, descriptor, single; /* single: the way there refuses UDP_SEGMENT */
    int outlet;                  /* below 0: in place of a descriptor */
    socklen_t address_size;
    struct sockaddr_storage address;
};

struct stream {
    uint64_t packets, octets, dropped; /* native.py reads these three */
    struct sink *sink;
    uint32_t ssrc, timestamp;
    uint16_t sequence, picture;
    uint8_t tl0;
    uint64_t highest; /* packet index: roll-over counter and sequence */
    uint64_t seen[WINDOW / 64];
    uint32_t stamps[STAMPS];
};

void sink_free(struct sink *sink) {
    if (!sink) return;
    if (sink->cipher) ssl.EVP_CIPHER_CTX_free(sink->cipher);
    if (sink->hmac) ssl.HMAC_CTX_free(sink->hmac);
    free(sink);
}

/* `authentication`: 20 bytes for AES-CM with HMAC-SHA1 and a salt of 14, NULL for GCM and a salt of 12. */
struct sink *sink_new(const uint8_t *key, const uint8_t *salt, const uint8_t *authentication) {
    struct sink *sink = calloc(1, sizeof *sink);
    if (!sink) return NULL;
    memcpy(sink->salt, salt, authentication ? 14 : 12);
    sink->tag = authentication ? 10 : 16;
    sink->descriptor = -1;
    sink->cipher = ssl.EVP_CIPHER_CTX_new();
    const EVP_CIPHER *algorithm = authentication ? ssl.EVP_aes_128_ctr() : ssl.EVP_aes_128_gcm();
    int ok = sink->cipher && ssl.EVP_EncryptInit_ex(sink->cipher, algorithm, NULL, key, NULL);
    if (ok && authentication) {
        sink->hmac = ssl.HMAC_CTX_new();
        ok = sink->hmac && ssl.HMAC_Init_ex(sink->hmac, authentication, 20, ssl.EVP_sha1(), NULL);
    }
    if (ok) return sink;
    sink_free(sink);
    return NULL;
}

void sink_aim(struct sink *sink, int descriptor, int v6, const uint8_t *host, uint16_t port, uint32_t scope) {
    memset(&sink->address, 0, sizeof sink->address);
    sink->descriptor = descriptor < 0 ? 0 : descriptor;
    sink->outlet = descriptor < 0 ? descriptor : 0;
    sink->single = 0;
    if (v6) {
        struct sockaddr_in6 *to = (void *)&sink->address;
        to->sin6_family = AF_INET6;
        to->sin6_port = htons(port);
        to->sin6_scope_id = scope;
        memcpy(&to->sin6_addr, host, 16);
        sink->address_size = sizeof *to;
    } else {
        struct sockaddr_in *to = (void *)&sink->address;
        to->sin_family = AF_INET;
        to->sin_port = htons(port);
        memcpy(&to->sin_addr, host, 4);
        sink->address_size = sizeof *to;
    }
}

struct stream *stream_new(struct sink *sink, uint32_t ssrc) {
    struct stream *stream = calloc(1, sizeof *stream);
    if (!stream) return NULL;
    stream->sink = sink;
    stream->ssrc = ssrc;
    return stream;
}

void stream_free(struct stream *stream) { free(stream); }

void stream_shift(struct stream *stream, uint16_t sequence, uint32_t timestamp, uint16_t picture, uint8_t tl0) {
    stream->sequence = sequence;
    stream->timestamp = timestamp;
    stream->picture = picture;
    stream->tl0 = tl0;
}

/* ---- packet indices ---- */

/* The index nearest to the highest sent (RFC 3711, 3.3.1); as in libsrtp, there is no going back behind the start. */
static uint64_t index_near(uint64_t highest, uint16_t sequence) {
    uint64_t index = (highest & ~0xFFFFull) | sequence;
    if (highest <= 0x8000) return sequence;
    if (index > highest + 0x8000) return index - 0x10000;
    if (highest > index + 0x8000) return index + 0x10000;
    return index;
}

static int was_sent(const struct stream *stream, uint64_t index) {
    return stream->seen[index % WINDOW / 64] >> (index % 64) & 1;
}

static void forget(struct stream *stream, uint64_t index) {
    stream->seen[index % WINDOW / 64] &= ~(1ull << (index % 64));
}

static void note_sent(struct stream *stream, uint64_t index) {
    if (index > stream->highest + WINDOW) memset(stream->seen, 0, sizeof stream->seen);
    else
        for (uint64_t skipped = stream->highest + 1; skipped < index; skipped++) forget(stream, skipped);
    stream->seen[index % WINDOW / 64] |= 1ull << (index % 64);
    if (index > stream->highest) stream->highest = index;
}

/* ---- batches ---- */

struct batch { /* as native.py lays it out */
    const uint8_t *data;
    const uint16_t *sizes, *picture_at, *tl0_at; /* the last two may be NULL */
    uint32_t length, count, send_time_at, stamp;
};

struct packet {
    const uint8_t *data;
    uint32_t timestamp;
    uint16_t size, header, octets, sequence, picture_at, tl0_at;
};

static struct packet *packets;
static uint32_t packets_size;
static uint8_t sealed[RUN_BYTES_MAX + TAG_MAX];

static uint16_t load16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }
static uint32_t load32(const uint8_t *at) { return (uint32_t)load16(at) << 16 | load16(at + 2); }
static void store16(uint8_t *at, uint16_t value) { at[0] = (uint8_t)(value >> 8), at[1] = (uint8_t)value; }
static void store32(uint8_t *at, uint32_t value) { store16(at, (uint16_t)(value >> 16)), store16(at + 2, (uint16_t)value); }
static void store24(uint8_t *at, uint32_t value) { at[0] = (uint8_t)(value >> 16), store16(at + 1, (uint16_t)value); }

/* Read the header of one packet. 0: it holds what it promises. */
static int read_packet(struct packet *packet, const uint8_t *data, uint16_t size) {
    uint32_t header = 12, padding = 0;
    if (size < 12 || data[0] >> 6 != 2) return -1;
    header += 4u * (data[0] & 0x0F);
    if (data[0] & 0x10) {
        if (header + 4 > size) return -1;
        header += 4 + 4u * load16(data + header + 2);
    }
    if (data[0] & 0x20) padding = data[size - 1];
    if (header + padding > size) return -1;
    *packet = (struct packet){.data = data, .size = size, .header = (uint16_t)header,
                              .octets = (uint16_t)(size - header - padding),
                              .sequence = load16(data + 2), .timestamp = load32(data + 4)};
    return 0;
}

/* A field that is there (not at 0) lies between the two. */
static int lies(uint32_t at, uint32_t bytes, uint32_t from, uint32_t to) { return !at || (at >= from && at + bytes <= to); }

/* Fill `packets`: what all viewers share. 0: the batch is sound. */
static int read_batch(const struct batch *batch) {
    uint32_t at = 0;
    if (batch->count > packets_size) {
        struct packet *more = realloc(packets, batch->count * sizeof *packets);
        if (!more) return -1;
        packets = more, packets_size = batch->count;
    }
    for (uint32_t i = 0; i < batch->count; at += batch->sizes[i++]) {
        struct packet *packet = &packets[i];
        uint16_t size = batch->sizes[i];
        if (at + size > batch->length || read_packet(packet, batch->data + at, size)) return -1;
        if (batch->picture_at) packet->picture_at = batch->picture_at[i];
        if (batch->tl0_at) packet->tl0_at = batch->tl0_at[i];
        if (!lies(batch->send_time_at, 3, 12, packet->header) || !lies(packet->picture_at, 2, packet->header, size) ||
            !lies(packet->tl0_at, 1, packet->header, size) || size + TAG_MAX > RUN_BYTES_MAX)
            return -1;
    }
    return at == batch->length ? 0 : -1;
}

/* ---- protection ---- */

/* RFC 7714, 8.1 and 8.2; `out` has the header already. */
static int seal_gcm(struct sink *sink, const struct packet *packet, uint8_t *out, uint64_t index) {
    uint8_t iv[12];
    int size, payload = packet->size - packet->header;
    memcpy(iv, sink->salt, 12);
    for (int i = 0; i < 4; i++) iv[2 + i] ^= out[8 + i];
    for (int i = 0; i < 6; i++) iv[6 + i] ^= (uint8_t)(index >> (40 - 8 * i));
    return ssl.EVP_EncryptInit_ex(sink->cipher, NULL, NULL, NULL, iv) &&
           ssl.EVP_EncryptUpdate(sink->cipher, NULL, &size, out, packet->header) &&
           (!payload || ssl.EVP_EncryptUpdate(sink->cipher, out + packet->header, &size, packet->data + packet->header, payload)) &&
           ssl.EVP_EncryptFinal_ex(sink->cipher, out + packet->size, &size) &&
           ssl.EVP_CIPHER_CTX_ctrl(sink->cipher, GET_TAG, 16, out + packet->size);
}

/* RFC 3711, 4.1.1 and 4.2. */
static int seal_cm(struct sink *sink, const struct packet *packet, uint8_t *out, uint64_t index) {
    uint8_t iv[16] = {0}, rollover[4], digest[TAG_MAX];
    int size, payload = packet->size - packet->header;
    memcpy(iv, sink->salt, 14);
    for (int i = 0; i < 4; i++) iv[4 + i] ^= out[8 + i];
    for (int i = 0; i < 6; i++) iv[8 + i] ^= (uint8_t)(index >> (40 - 8 * i));
    store32(rollover, (uint32_t)(index >> 16));
    int ok = ssl.EVP_EncryptInit_ex(sink->cipher, NULL, NULL, NULL, iv) &&
             (!payload || ssl.EVP_EncryptUpdate(sink->cipher, out + packet->header, &size, packet->data + packet->header, payload)) &&
             ssl.HMAC_Init_ex(sink->hmac, NULL, 0, NULL, NULL) && ssl.HMAC_Update(sink->hmac, out, packet->size) &&
             ssl.HMAC_Update(sink->hmac, rollover, 4) && ssl.HMAC_Final(sink->hmac, digest, NULL);
    if (ok) memcpy(out + packet->size, digest, 10);
    return ok;
}

static int seal(struct sink *sink, const struct packet *packet, uint8_t *out, uint64_t index) {
    return sink->hmac ? seal_cm(sink, packet, out, index) : seal_gcm(sink, packet, out, index);
}

/* ---- sending ---- */

/* outlets.py: packets of `segment` bytes, the last perhaps shorter. errno, or 0; never EAGAIN. */
static int (*emit)(int outlet, const uint8_t *data, uint32_t size, uint32_t segment);

void egress_outlets(int (*to)(int, const uint8_t *, uint32_t, uint32_t)) { emit = to; }

/* One datagram, or one that is cut into segments of that size. errno, or 0. */
static int send_datagrams(const struct sink *sink, const uint8_t *data, size_t size, uint16_t segment) {
    if (sink->outlet) return emit(sink->outlet, data, (uint32_t)size, segment);
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof segment)];
    } control;
    struct iovec vector = {(void *)data, size};
    struct msghdr message = {.msg_name = (void *)&sink->address, .msg_namelen = sink->address_size,
                             .msg_iov = &vector, .msg_iovlen = 1};
    if (size > segment) {
        memset(&control, 0, sizeof control);
        control.header.cmsg_level = IPPROTO_UDP;
        control.header.cmsg_type = UDP_SEGMENT;
        control.header.cmsg_len = CMSG_LEN(sizeof segment);
        memcpy(CMSG_DATA(&control.header), &segment, sizeof segment);
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
    }
    for (;;) {
        if (sendmsg(sink->descriptor, &message, MSG_DONTWAIT) >= 0) return 0;
        if (errno != EINTR) return errno;
    }
}

struct run {
    uint32_t next, count; /* the packet behind it; packets in it */
    uint32_t bytes, segment;
    uint64_t octets, indices[SEGMENTS_MAX];
};

/* A viewer's header, and behind it the payload encrypted straight from the batch; only one whose picture id is
   patched is copied first. 0: OpenSSL failed. */
static int render(struct stream *stream, const struct batch *batch, const struct packet *packet, uint8_t *out, uint64_t index) {
    struct packet patched = *packet;
    memcpy(out, packet->data, packet->header);
    store16(out + 2, (uint16_t)index);
    store32(out + 4, packet->timestamp + stream->timestamp);
    store32(out + 8, stream->ssrc);
    if (batch->send_time_at) store24(out + batch->send_time_at, batch->stamp);
    if ((packet->picture_at && stream->picture) || (packet->tl0_at && stream->tl0)) {
        memcpy(out + packet->header, packet->data + packet->header, packet->size - packet->header);
        if (packet->picture_at) {
            uint16_t picture = (uint16_t)(load16(packet->data + packet->picture_at) + stream->picture);
            store16(out + packet->picture_at, picture | 0x8000);
        }
        if (packet->tl0_at) out[packet->tl0_at] = (uint8_t)(packet->data[packet->tl0_at] + stream->tl0);
        patched.data = out; /* encrypted in place */
    }
    return seal(stream->sink, &patched, out, index);
}

/* Seal packets from `first` on, as many as may leave in one send: equal sizes, but for the last. */
static struct run seal_run(struct stream *stream, const struct batch *batch, uint32_t first) {
    struct sink *sink = stream->sink;
    struct run run;
    run.count = run.bytes = run.segment = 0, run.octets = 0;
    uint32_t longest = sink->single ? 1 : SEGMENTS_MAX, last_size = 0;
    for (run.next = first; run.next < batch->count && run.count < longest; run.next++) {
        const struct packet *packet = &packets[run.next];
        uint32_t size = packet->size + (uint32_t)sink->tag;
        uint64_t index = index_near(stream->highest, (uint16_t)(packet->sequence + stream->sequence));
        if (index + WINDOW <= stream->highest) { /* too late */
            stream->dropped++;
            continue;
        }
        if (index <= stream->highest && was_sent(stream, index)) continue;
        if (run.count && (last_size != run.segment || size > run.segment || run.bytes + size > RUN_BYTES_MAX)) break;
        if (!render(stream, batch, packet, sealed + run.bytes, index)) {
            stream->dropped++;
            continue;
        }
        if (!run.count) run.segment = size;
        last_size = size;
        run.indices[run.count++] = index;
        run.bytes += size;
        run.octets += packet->octets;
        note_sent(stream, index);
    }
    return run;
}

/* They were not sent; the highest index stays, and they are sent as late ones. */
static void take_back(struct stream *stream, const struct run *run) {
    for (uint32_t i = 0; i < run->count; i++) forget(stream, run->indices[i]);
}

static void account(struct stream *stream, const struct batch *batch, const struct run *run, int error) {
    if (error) {
        stream->dropped += run->count;
        return;
    }
    stream->packets += run->count;
    stream->octets += run->octets;
    for (uint32_t i = 0; i < run->count; i++) stream->stamps[run->indices[i] % STAMPS] = batch->stamp;
}

/* 0: sent, or dropped; -1: the socket would block, and what has not been sent yet is to be sent again. */
static int deliver(struct stream *stream, const struct batch *batch) {
    struct sink *sink = stream->sink;
    if (sink->descriptor < 0) {
        stream->dropped += batch->count;
        return 0;
    }
    for (uint32_t next = 0; next < batch->count;) {
        uint64_t dropped = stream->dropped;
        struct run run = seal_run(stream, batch, next);
        int error = run.count ? send_datagrams(sink, sealed, run.bytes, (uint16_t)run.segment) : 0;
        int again = error == EAGAIN || error == EWOULDBLOCK;
        int refused = run.count > 1 && (error == EIO || error == EINVAL);
        if (again || refused) {
            take_back(stream, &run);
            stream->dropped = dropped;
            if (again) return -1;
            sink->single = 1;
            continue;
        }
        account(stream, batch, &run, error);
        next = run.next;
    }
    return 0;
}

/* To streams[start] up to before streams[end]: the place to go on at, which is `end` when done; -1: a bad batch. */
int64_t send_batch(struct stream *const *streams, uint32_t start, uint32_t end, const struct batch *batch) {
    if (read_batch(batch)) return -1;
    for (uint32_t place = start; place < end; place++)
        if (deliver(streams[place], batch)) return place;
    return end;
}

/* Repeat a packet, with the send time it had at `send_time_at`. 1: sent; 0: not, or not sent lately; -1: no packet. */
int stream_send_again(struct stream *stream, const uint8_t *data, uint32_t size, uint32_t send_time_at) {
    struct packet packet;
    struct sink *sink = stream->sink;
    if (size + TAG_MAX > RUN_BYTES_MAX || read_packet(&packet, data, (uint16_t)size)) return -1;
    if (!lies(send_time_at, 3, 12, packet.header)) return -1;
    uint64_t index = index_near(stream->highest, packet.sequence);
    if (index > stream->highest || index + STAMPS <= stream->highest || !was_sent(stream, index)) return 0;
    memcpy(sealed, data, packet.header);
    if (send_time_at) store24(sealed + send_time_at, stream->stamps[index % STAMPS]);
    if (sink->descriptor < 0 || !seal(sink, &packet, sealed, index) ||
        send_datagrams(sink, sealed, size + (uint32_t)sink->tag, UINT16_MAX)) {
        stream->dropped++;
        return 0;
    }
    stream->packets++;
    stream->octets += packet.octets;
    return 1;
}
