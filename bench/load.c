/* A DNS client over loopback that checks every reply and measures how long it took.
 *
 *   load [-w WINDOW] [-s SOCKETS] [-r RATE] HOST PORT FILE COUNT SECONDS RCODE|echo ANSWERS [ADDRESS ...]
 *
 * Closed, as it stands: WINDOW questions are outstanding, spread over SOCKETS; an answer makes room
 * for the next question. What does not come back in 200 ms is lost.
 * Paced, with -r: RATE questions a second, whatever comes back, as long as less than WINDOW are
 * outstanding (a client that was held up catches up). What does not come back in one second is lost.
 *
 * FILE holds questions, each behind two octets of its length; they are asked in turn, COUNT in all,
 * for at most so many seconds. A reply must repeat the question and have this rcode and number of
 * answers, the first of them an A record with one of the addresses; or be the very question, of the
 * echo. Latency is from just before a batch of questions is sent to just after a batch of replies
 * was received. One JSON object goes to stdout.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    WINDOW_MAX = 16384, /* a power of two: what an id says beyond it is the slot's generation */
    SOCKETS_MAX = 64,
    BATCH = 64,
    PACKET = 512,
    REPLY = 4096,
    ADDRESSES_MAX = 16,
    BUCKETS = 100000, /* of 10 us: one second */
    BUCKET = 10000,   /* ns */
};

static const int64_t SECOND = 1000000000, PATIENCE = 200000000;

struct question {
    uint16_t length;
    uint16_t name_end; /* where the question section ends */
    uint8_t *octets;
};

struct slot {
    int64_t sent; /* ns */
    uint32_t question;
    uint16_t id;
    uint8_t busy;
    uint8_t octets[PACKET];
};

/* A socket and its own slots, the free ones on a stack. */
struct lane {
    int socket;
    unsigned ready;
    struct slot **freed;
};

static struct question *questions;
static uint32_t question_count, next_question;
static struct slot slots[WINDOW_MAX];
static struct lane lanes[SOCKETS_MAX];
static unsigned lane_count = 1, window = 128;
static double rate;
static uint32_t allowed[ADDRESSES_MAX];
static uint64_t seen[ADDRESSES_MAX];
static int allowed_count;
static int want_rcode; /* -1: echo */
static int want_answers;
static uint64_t asked, answered, lost, wrong, strayed;
static uint64_t took[BUCKETS];
static int64_t worst;
static char first_wrong[160];

static void die(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * SECOND + now.tv_nsec;
}

/* Past a name in a message, 0 if it runs out of it. */
static size_t skip_name(const uint8_t *octets, size_t at, size_t end) {
    while (at < end) {
        if (octets[at] == 0) return at + 1;
        if ((octets[at] & 0xC0) == 0xC0) return at + 2 <= end ? at + 2 : 0;
        at += 1u + octets[at];
    }
    return 0;
}

static void read_questions(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) die(path);
    uint8_t head[2];
    while (fread(head, 1, 2, file) == 2) {
        questions = realloc(questions, (question_count + 1) * sizeof *questions);
        if (!questions) die("memory");
        struct question *one = &questions[question_count++];
        one->length = (uint16_t)(head[0] << 8 | head[1]);
        one->octets = malloc(one->length);
        if (!one->octets) die("memory");
        if (one->length > PACKET || fread(one->octets, 1, one->length, file) != one->length) {
            errno = EINVAL;
            die(path);
        }
        one->name_end = (uint16_t)(skip_name(one->octets, 12, one->length) + 4);
    }
    fclose(file);
    if (!question_count) {
        errno = EINVAL;
        die(path);
    }
}

/* What is wrong with a reply to a question, or NULL. */
static const char *judge(const struct slot *slot, const uint8_t *reply, size_t length) {
    const struct question *one = &questions[slot->question];
    if (want_rcode < 0) {
        return length == one->length && !memcmp(reply, slot->octets, length) ? NULL : "not an echo";
    }
    if (length < one->name_end || !(reply[2] & 0x80)) return "not a reply";
    if (memcmp(reply + 12, one->octets + 12, one->name_end - 12u)) return "another question";
    if ((reply[3] & 0x0F) != want_rcode) return "another rcode";
    if ((reply[6] << 8 | reply[7]) != want_answers) return "another number of answers";
    if (!want_answers || !allowed_count) return NULL;
    size_t at = skip_name(reply, one->name_end, length);
    if (!at || at + 14 > length || reply[at + 1] != 1 || reply[at + 9] != 4) return "not an A";
    uint32_t address;
    memcpy(&address, reply + at + 10, 4);
    for (int i = 0; i < allowed_count; i++) {
        if (allowed[i] == address) {
            seen[i]++;
            return NULL;
        }
    }
    return "another address";
}

/* Puts a fresh question into a slot. */
static void ask(struct slot *slot, int64_t now, struct mmsghdr *message, struct iovec *part) {
    const struct question *one = &questions[next_question];
    slot->question = next_question;
    next_question = next_question + 1 == question_count ? 0 : next_question + 1;
    slot->id = (uint16_t)(slot->id + WINDOW_MAX);
    slot->busy = 1;
    slot->sent = now;
    memcpy(slot->octets, one->octets, one->length);
    slot->octets[0] = (uint8_t)(slot->id >> 8);
    slot->octets[1] = (uint8_t)slot->id;
    *part = (struct iovec){slot->octets, one->length};
    memset(message, 0, sizeof *message);
    message->msg_hdr.msg_iov = part;
    message->msg_hdr.msg_iovlen = 1;
}

/* Asks as many questions as a lane has free slots, but no more than `most`. */
static void ask_lane(struct lane *lane, uint64_t most) {
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    while (lane->ready && most) {
        unsigned count = 0;
        int64_t now = now_ns();
        for (; lane->ready && count < BATCH && count < most; count++) {
            ask(lane->freed[--lane->ready], now, &messages[count], &parts[count]);
        }
        for (unsigned done = 0; done < count;) {
            int sent = sendmmsg(lane->socket, messages + done, count - done, 0);
            if (sent < 0 && errno != EINTR && errno != ECONNREFUSED) die("sendmmsg");
            done += sent > 0 ? (unsigned)sent : 0;
        }
        asked += count;
        most -= count;
    }
}

static void note_latency(int64_t nanoseconds) {
    int64_t bucket = nanoseconds / BUCKET;
    took[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    if (nanoseconds > worst) worst = nanoseconds;
}

/* Takes what has come to a lane; false if nothing came in time. */
static int take(struct lane *lane, int flags) {
    static uint8_t replies[BATCH][REPLY];
    static struct mmsghdr messages[BATCH];
    static struct iovec parts[BATCH];
    for (int i = 0; i < BATCH; i++) {
        parts[i] = (struct iovec){replies[i], REPLY};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    }
    int count = recvmmsg(lane->socket, messages, BATCH, flags, NULL);
    if (count <= 0) return 0;
    int64_t now = now_ns();
    for (int i = 0; i < count; i++) {
        uint16_t id = (uint16_t)(replies[i][0] << 8 | replies[i][1]);
        struct slot *slot = &slots[id % WINDOW_MAX];
        if (messages[i].msg_len < 12 || !slot->busy || slot->id != id) {
            strayed++;
            continue;
        }
        const char *fault = judge(slot, replies[i], messages[i].msg_len);
        if (fault && !wrong++) snprintf(first_wrong, sizeof first_wrong, "%s", fault);
        note_latency(now - slot->sent);
        answered++;
        slot->busy = 0;
        lane->freed[lane->ready++] = slot;
    }
    return 1;
}

/* Gives up questions that are older than this. */
static void give_up(int64_t older) {
    int64_t now = now_ns();
    for (unsigned i = 0; i < window; i++) {
        if (!slots[i].busy || now - slots[i].sent < older) continue;
        slots[i].busy = 0;
        lost++;
        struct lane *lane = &lanes[i % lane_count];
        lane->freed[lane->ready++] = &slots[i];
    }
}

static void run_closed(uint64_t count, int64_t until) {
    while (answered + lost < count && now_ns() < until) {
        for (unsigned i = 0; i < lane_count; i++) ask_lane(&lanes[i], count - asked);
        for (unsigned i = 0; i < lane_count; i++) {
            struct lane *lane = &lanes[i];
            if (lane->ready == (window - i + lane_count - 1) / lane_count) continue;
            if (!take(lane, MSG_WAITFORONE)) give_up(PATIENCE);
            else if (asked < count) ask_lane(lane, count - asked);
        }
    }
}

static void run_paced(uint64_t count, int64_t until) {
    int64_t began = now_ns(), looked = began;
    while (answered + lost < count) {
        int64_t now = now_ns();
        uint64_t due = (uint64_t)((double)(now - began) * rate / 1e9);
        if (due > count) due = count;
        if (now >= until) due = count = asked; /* no more questions, but all their answers */
        for (unsigned i = 0; i < lane_count; i++) {
            uint64_t share = due > asked ? (due - asked + lane_count - 1) / lane_count : 0;
            ask_lane(&lanes[i], share);
            while (take(&lanes[i], MSG_DONTWAIT)) {}
        }
        if (now - looked > SECOND / 10) {
            looked = now;
            give_up(SECOND);
        }
    }
}

static void open_lanes(const char *host, const char *port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    if (inet_pton(AF_INET, host, &to.sin_addr) != 1 || (ntohl(to.sin_addr.s_addr) >> 24) != 127) {
        fprintf(stderr, "load: %s is not a loopback address; this program asks only those\n", host);
        exit(2);
    }
    struct timeval patience = {0, PATIENCE / 1000};
    int room = 4 << 20; /* the kernel may grant less */
    for (unsigned i = 0; i < lane_count; i++) {
        int made = socket(AF_INET, SOCK_DGRAM, 0);
        if (made < 0) die("socket");
        if (setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience)) die("SO_RCVTIMEO");
        if (setsockopt(made, SOL_SOCKET, SO_RCVBUF, &room, sizeof room)) die("SO_RCVBUF");
        if (connect(made, (struct sockaddr *)&to, sizeof to)) die("connect");
        lanes[i].socket = made;
        lanes[i].freed = calloc(window, sizeof(struct slot *));
        if (!lanes[i].freed) die("memory");
    }
    for (unsigned i = 0; i < window; i++) {
        slots[i].id = (uint16_t)i;
        lanes[i % lane_count].freed[lanes[i % lane_count].ready++] = &slots[i];
    }
}

/* Replies that the kernel dropped because a socket of ours was full: the server had sent them. */
static uint64_t dropped_here(void) {
    uint64_t drops = 0;
    for (unsigned i = 0; i < lane_count; i++) {
        uint32_t info[SK_MEMINFO_VARS] = {0};
        socklen_t length = sizeof info;
        if (getsockopt(lanes[i].socket, SOL_SOCKET, SO_MEMINFO, info, &length)) die("SO_MEMINFO");
        drops += info[SK_MEMINFO_DROPS];
    }
    return drops;
}

/* The latency that this share of all replies did not exceed, in microseconds. */
static double at_most(double share) {
    uint64_t rest = (uint64_t)(share * (double)answered);
    for (int i = 0; i < BUCKETS; i++) {
        if (took[i] > rest) return (double)(i + 1) * BUCKET / 1e3;
        rest -= took[i];
    }
    return 0;
}

static void usage(void) {
    fprintf(stderr, "load [-w WINDOW] [-s SOCKETS] [-r RATE] HOST PORT FILE COUNT SECONDS "
                    "RCODE|echo ANSWERS [ADDRESS ...]\n");
    exit(2);
}

static void read_options(int argc, char **argv) {
    for (int option; (option = getopt(argc, argv, "w:s:r:")) != -1;) {
        if (option == 'w') window = (unsigned)atoi(optarg);
        else if (option == 's') lane_count = (unsigned)atoi(optarg);
        else if (option == 'r') rate = atof(optarg);
        else usage();
    }
    if (argc - optind < 7 || argc - optind - 7 > ADDRESSES_MAX) usage();
    if (window < 1 || window > WINDOW_MAX || !lane_count || lane_count > SOCKETS_MAX ||
        lane_count > window || rate < 0) {
        fprintf(stderr, "load: a window is 1 to %d, sockets are 1 to %d and no more than it\n",
                WINDOW_MAX, SOCKETS_MAX);
        exit(2);
    }
}

int main(int argc, char **argv) {
    read_options(argc, argv);
    char **words = argv + optind;
    want_rcode = strcmp(words[5], "echo") ? atoi(words[5]) : -1;
    want_answers = atoi(words[6]);
    for (int i = 7; i < argc - optind; i++) {
        if (inet_pton(AF_INET, words[i], &allowed[allowed_count++]) != 1) die(words[i]);
    }
    read_questions(words[2]);
    open_lanes(words[0], words[1]);
    uint64_t count = strtoull(words[3], NULL, 10);
    int64_t began = now_ns(), until = began + (int64_t)(atof(words[4]) * 1e9);
    if (rate > 0) run_paced(count, until);
    else run_closed(count, until);
    double seconds = (double)(now_ns() - began) / 1e9;
    printf("{\"asked\": %lu, \"answered\": %lu, \"lost\": %lu, \"wrong\": %lu, \"strayed\": %lu, "
           "\"dropped_here\": %lu, \"seconds\": %.6f, \"first_wrong\": \"%s\", "
           "\"p50_us\": %.0f, \"p999_us\": %.0f, \"worst_us\": %.1f, \"seen\": [",
           asked, answered, lost, wrong, strayed, dropped_here(), seconds, first_wrong,
           at_most(0.5), at_most(0.999), (double)worst / 1e3);
    for (int i = 0; i < allowed_count; i++) printf("%s%lu", i ? ", " : "", seen[i]);
    printf("]}\n");
    return 0;
}
