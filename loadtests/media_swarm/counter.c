/* Counts what thousands of viewers receive, in one thread that never wakes its sender up.

   Each viewer has a slot and a connected UDP socket. Datagrams are read many at a time, without UDP_GRO;
   only their first HEAD_BYTES are copied, but for a share that goes to the ring whole, to be decrypted and
   checked. STUN, DTLS and RTCP go there always. One writer and one reader: the ring needs no lock.

   The thread sleeps SLEEP_US when there is nothing to read, and does not wait in epoll: a waiter would
   have to be woken by whoever sends, which costs the server more than the sending. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define STREAMS 4
#define AT_ONCE 32
#define HEAD_BYTES 256
#define WHOLE_BYTES 2048
#define EVENTS 256
#define SLEEP_US 1000
#define TURN 65536
#define FAR 3000 /* sequence numbers: farther than that is no loss, but another numbering */

struct stream {
    uint32_t ssrc;
    uint32_t payload_type;
    uint64_t packets, octets;
    uint64_t first, highest; /* extended sequence, which begins at TURN + the first packet's */
    uint64_t doubled, late, jumps;
    uint64_t passed; /* expected before the last jump */
    int64_t first_ns, last_ns, gap_ns;
    uint64_t seen; /* of the 64 newest numbers */
};

struct slot {
    uint64_t datagrams, octets, control;
    uint64_t used;
    struct stream streams[STREAMS];
};

struct entry {
    int64_t ns;
    uint32_t slot, size;
    uint32_t roc, whole;
    uint8_t data[WHOLE_BYTES];
};

struct totals {
    uint64_t datagrams, octets, control, packets, expected, doubled, late, jumps;
};

static struct slot *slots;
static struct entry *ring;
static uint32_t slot_count, ring_size, whole_of_65536;
static _Atomic uint64_t written, taken, missed, sweeps;
static _Atomic int running, forget_gaps;
static int poller = -1;
static pthread_t thread;
static struct mmsghdr messages[AT_ONCE];
static struct iovec vectors[AT_ONCE];
static uint8_t heads[AT_ONCE][HEAD_BYTES], whole[WHOLE_BYTES];
static uint32_t random_state = 2463534242u;

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static uint32_t random_bits(void) { /* xorshift */
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    return random_state ^= random_state << 5;
}

static void keep(uint32_t slot, const uint8_t *data, uint32_t size, int64_t ns, uint32_t roc, int all) {
    uint64_t at = atomic_load_explicit(&written, memory_order_relaxed);
    struct entry *entry = &ring[at % ring_size];
    if (at - atomic_load_explicit(&taken, memory_order_acquire) >= ring_size) {
        atomic_fetch_add(&missed, 1);
        return;
    }
    entry->ns = ns, entry->slot = slot, entry->size = size, entry->roc = roc, entry->whole = all;
    memcpy(entry->data, data, size < WHOLE_BYTES ? size : WHOLE_BYTES);
    atomic_store_explicit(&written, at + 1, memory_order_release);
}

static struct stream *stream_of(struct slot *slot, uint32_t ssrc) {
    for (int i = 0; i < STREAMS; i++) {
        struct stream *one = &slot->streams[i];
        if (one->packets ? one->ssrc == ssrc : 1) return one;
    }
    return NULL; /* more streams than were negotiated: counted among datagrams only */
}

static void begin(struct stream *one, uint16_t sequence, int64_t ns) {
    one->first = one->highest = TURN + sequence;
    one->seen = 1;
    one->last_ns = ns;
}

/* Where the packet is in its stream. Returns its rollover counter. */
static uint32_t note(struct stream *one, uint16_t sequence, int64_t ns) {
    int32_t ahead = (int16_t)(sequence - (uint16_t)one->highest);
    if (ahead > FAR || ahead < -FAR) {
        one->jumps++;
        one->passed += one->highest - one->first + 1;
        begin(one, sequence, ns);
    } else if (ahead > 0) {
        one->highest += ahead;
        one->seen = ahead > 63 ? 1 : one->seen << ahead | 1;
        if (ns - one->last_ns > one->gap_ns) one->gap_ns = ns - one->last_ns;
        one->last_ns = ns;
    } else if (ahead > -64 && !(one->seen >> -ahead & 1)) {
        one->seen |= 1ULL << -ahead;
        one->late++;
        if (one->highest + ahead < one->first) one->first = one->highest + ahead;
    } else {
        one->doubled++;
    }
    return (one->highest + (ahead < 0 ? ahead : 0) - TURN) >> 16;
}

static uint32_t count_rtp(struct slot *slot, const uint8_t *data, uint32_t size, int64_t ns) {
    uint16_t sequence = data[2] << 8 | data[3];
    uint32_t ssrc = (uint32_t)data[8] << 24 | data[9] << 16 | data[10] << 8 | data[11], roc = 0;
    struct stream *one = stream_of(slot, ssrc);
    if (!one) return 0;
    if (!one->packets) {
        one->ssrc = ssrc;
        one->first_ns = ns;
        begin(one, sequence, ns);
    } else {
        roc = note(one, sequence, ns);
    }
    one->payload_type = data[1] & 0x7f;
    one->packets++;
    one->octets += size;
    return roc;
}

static int is_rtp(const uint8_t *data, uint32_t size) {
    return size >= 12 && data[0] >> 6 == 2 && !(data[1] >= 192 && data[1] <= 223);
}

static void count(uint32_t number, const uint8_t *data, uint32_t size, int64_t ns, int all) {
    struct slot *slot = &slots[number];
    slot->datagrams++;
    slot->octets += size;
    if (is_rtp(data, size)) {
        uint32_t roc = count_rtp(slot, data, size, ns);
        if (all) keep(number, data, size, ns, roc, 1);
    } else {
        slot->control++;
        keep(number, data, size, ns, 0, all || size <= HEAD_BYTES);
    }
}

/* One of the vectors may be long, each as often as the others, so that every packet is as likely. */
static int lengthen(int at) {
    if (at >= 0) vectors[at].iov_base = heads[at], vectors[at].iov_len = HEAD_BYTES;
    if ((random_bits() & 0xffff) >= whole_of_65536) return -1;
    at = random_bits() % AT_ONCE;
    vectors[at].iov_base = whole, vectors[at].iov_len = WHOLE_BYTES;
    return at;
}

static void drain(uint32_t number, int fd) {
    static int longer = -1;
    int got;
    do {
        longer = lengthen(longer);
        got = recvmmsg(fd, messages, AT_ONCE, MSG_DONTWAIT | MSG_TRUNC, NULL);
        int64_t ns = now_ns();
        for (int i = 0; i < got; i++)
            count(number, vectors[i].iov_base, messages[i].msg_len, ns, i == longer);
    } while (got == AT_ONCE);
}

static void clear_gaps(void) {
    for (uint32_t i = 0; i < slot_count; i++)
        for (int k = 0; k < STREAMS; k++) slots[i].streams[k].gap_ns = 0;
}

static void *run(void *unused) {
    struct epoll_event events[EVENTS];
    while (atomic_load(&running)) {
        int ready = epoll_wait(poller, events, EVENTS, 0);
        for (int i = 0; i < ready; i++) drain(events[i].data.u64 >> 32, (int)events[i].data.u64);
        if (atomic_exchange(&forget_gaps, 0)) clear_gaps();
        atomic_fetch_add(&sweeps, 1);
        if (ready < EVENTS) usleep(SLEEP_US);
    }
    return unused;
}

/* Returns 0, or an errno. */
int counter_start(uint32_t count, uint32_t entries, uint32_t whole_share_of_65536) {
    slots = calloc(count, sizeof *slots);
    ring = calloc(entries, sizeof *ring);
    if (!slots || !ring) return ENOMEM;
    slot_count = count, ring_size = entries, whole_of_65536 = whole_share_of_65536;
    atomic_store(&written, 0), atomic_store(&taken, 0), atomic_store(&missed, 0);
    for (int i = 0; i < AT_ONCE; i++) {
        vectors[i] = (struct iovec){heads[i], HEAD_BYTES};
        messages[i].msg_hdr.msg_iov = &vectors[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (poller < 0) return errno;
    atomic_store(&running, 1);
    return pthread_create(&thread, NULL, run, NULL);
}

void counter_stop(void) {
    atomic_store(&running, 0);
    pthread_join(thread, NULL);
    close(poller);
    free(slots);
    free(ring);
}

int counter_add(uint32_t number, int fd) {
    struct epoll_event event = {EPOLLIN, {.u64 = (uint64_t)number << 32 | (uint32_t)fd}};
    memset(&slots[number], 0, sizeof *slots);
    slots[number].used = 1;
    return epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) ? errno : 0;
}

/* The socket may be closed, and the slot used again, when `counter_sweeps` has grown by two. */
int counter_remove(uint32_t number, int fd) {
    slots[number].used = 0;
    return epoll_ctl(poller, EPOLL_CTL_DEL, fd, NULL) ? errno : 0;
}

uint64_t counter_sweeps(void) { return atomic_load(&sweeps); }
uint64_t counter_missed(void) { return atomic_load(&missed); }
void counter_forget_gaps(void) { atomic_store(&forget_gaps, 1); }
struct slot *counter_slots(void) { return slots; }

/* The oldest entry that is not taken yet, or NULL; `counter_taken` gives its place back. */
struct entry *counter_next(void) {
    uint64_t at = atomic_load_explicit(&taken, memory_order_relaxed);
    return at < atomic_load_explicit(&written, memory_order_acquire) ? &ring[at % ring_size] : NULL;
}

void counter_taken(void) { atomic_fetch_add_explicit(&taken, 1, memory_order_release); }

/* Of the slots from `start` to `end` that are used. */
void counter_totals(uint32_t start, uint32_t end, struct totals *sum) {
    memset(sum, 0, sizeof *sum);
    for (uint32_t i = start; i < end; i++) {
        struct slot *slot = &slots[i];
        if (!slot->used) continue;
        sum->datagrams += slot->datagrams, sum->octets += slot->octets, sum->control += slot->control;
        for (int k = 0; k < STREAMS; k++) {
            struct stream *one = &slot->streams[k];
            if (!one->packets) continue;
            sum->packets += one->packets, sum->doubled += one->doubled;
            sum->expected += one->passed + one->highest - one->first + 1;
            sum->late += one->late, sum->jumps += one->jumps;
        }
    }
}
