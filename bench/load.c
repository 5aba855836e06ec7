/* The bench's client: asks prepared questions over loopback UDP with a fixed window of outstanding
 * ones, checks every reply and counts. It knows enough of DNS to judge a reply, and no more; it
 * neither builds questions nor speaks TCP.
 *
 *   load HOST PORT FILE COUNT SECONDS WINDOW RCODE ANSWERS [ADDRESS ...]
 *
 * FILE holds questions, each after its length in two octets, network order; they are asked in turn
 * with ids of our own. RCODE "echo" wants the question back as it was. Otherwise a reply must have
 * the id of an outstanding question, its question section, the rcode, and ANSWERS records of which
 * the first, if an A, is one of the ADDRESSES. COUNT and SECONDS bound the run. A window that
 * stands still for 200 ms is counted as lost and asked anew. One JSON object goes to stdout.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { WINDOW_MAX = 1024, BATCH = 64, PACKET = 512, REPLY = 4096, ADDRESSES_MAX = 16 };

struct question {
    uint16_t length;
    uint16_t name_end; /* where the question section ends */
    uint8_t octets[PACKET];
};

struct slot {
    uint16_t id; /* slot number in the low ten bits, its generation above */
    uint8_t busy;
    uint32_t question;
    uint8_t octets[PACKET];
};

static struct question *questions;
static uint32_t question_count;
static struct slot slots[WINDOW_MAX];
static uint32_t allowed[ADDRESSES_MAX];
static uint64_t seen[ADDRESSES_MAX];
static int allowed_count;
static int want_rcode; /* -1: echo */
static int want_answers;
static uint64_t asked, answered, lost, wrong, strayed;
static uint32_t next_question;
static char first_wrong[160];

static void die(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
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
static void ask(struct slot *slot, struct mmsghdr *message, struct iovec *part) {
    const struct question *one = &questions[next_question];
    slot->question = next_question;
    next_question = next_question + 1 == question_count ? 0 : next_question + 1;
    slot->id = (uint16_t)(slot->id + WINDOW_MAX);
    slot->busy = 1;
    memcpy(slot->octets, one->octets, one->length);
    slot->octets[0] = (uint8_t)(slot->id >> 8);
    slot->octets[1] = (uint8_t)slot->id;
    *part = (struct iovec){slot->octets, one->length};
    memset(message, 0, sizeof *message);
    message->msg_hdr.msg_iov = part;
    message->msg_hdr.msg_iovlen = 1;
}

static void send_all(int socket, struct mmsghdr *messages, unsigned count) {
    for (unsigned done = 0; done < count;) {
        int sent = sendmmsg(socket, messages + done, count - done, 0);
        if (sent < 0 && errno != EINTR && errno != ECONNREFUSED) die("sendmmsg");
        done += sent > 0 ? (unsigned)sent : 0;
    }
    asked += count;
}

static int open_socket(const char *host, const char *port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    if (inet_pton(AF_INET, host, &to.sin_addr) != 1 || (ntohl(to.sin_addr.s_addr) >> 24) != 127) {
        fprintf(stderr, "load: %s is not a loopback address; this program asks only those\n", host);
        exit(2);
    }
    int made = socket(AF_INET, SOCK_DGRAM, 0);
    if (made < 0) die("socket");
    struct timeval patience = {0, 200000};
    if (setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience)) die("SO_RCVTIMEO");
    if (connect(made, (struct sockaddr *)&to, sizeof to)) die("connect");
    return made;
}

/* Takes what has come and gives the slots that became free; -1 if nothing came in time. */
static int take(int socket, struct slot **free_slots) {
    static uint8_t replies[BATCH][REPLY];
    static struct mmsghdr messages[BATCH];
    static struct iovec parts[BATCH];
    for (int i = 0; i < BATCH; i++) {
        parts[i] = (struct iovec){replies[i], REPLY};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    }
    int count = recvmmsg(socket, messages, BATCH, MSG_WAITFORONE, NULL);
    int freed = 0;
    for (int i = 0; i < count; i++) {
        uint16_t id = (uint16_t)(replies[i][0] << 8 | replies[i][1]);
        struct slot *slot = &slots[id % WINDOW_MAX];
        if (messages[i].msg_len < 12 || !slot->busy || slot->id != id) {
            strayed++;
            continue;
        }
        const char *fault = judge(slot, replies[i], messages[i].msg_len);
        if (fault && !wrong++) snprintf(first_wrong, sizeof first_wrong, "%s", fault);
        answered++;
        slot->busy = 0;
        free_slots[freed++] = slot;
    }
    return count > 0 ? freed : -1;
}

static void run(int socket, uint64_t count, double until, unsigned window) {
    struct mmsghdr messages[WINDOW_MAX];
    struct iovec parts[WINDOW_MAX];
    struct slot *freed[WINDOW_MAX];
    int ready = 0;
    for (unsigned i = 0; i < window; i++) {
        slots[i].id = (uint16_t)i;
        freed[ready++] = &slots[i];
    }
    while (answered + lost < count && seconds_now() < until) {
        int sending = 0;
        for (; sending < ready && asked + (unsigned)sending < count; sending++) {
            ask(freed[sending], &messages[sending], &parts[sending]);
        }
        send_all(socket, messages, (unsigned)sending);
        ready = take(socket, freed);
        if (ready >= 0) continue;
        ready = 0;
        for (unsigned i = 0; i < window; i++) {
            if (!slots[i].busy) continue;
            slots[i].busy = 0;
            lost++;
            freed[ready++] = &slots[i];
        }
    }
}

int main(int argc, char **argv) {
    if (argc < 9 || argc - 9 > ADDRESSES_MAX) {
        fprintf(stderr, "load HOST PORT FILE COUNT SECONDS WINDOW RCODE|echo ANSWERS [ADDRESS ...]\n");
        return 2;
    }
    unsigned window = (unsigned)atoi(argv[6]);
    if (window < 1 || window > WINDOW_MAX) {
        fprintf(stderr, "load: the window is 1 to %d\n", WINDOW_MAX);
        return 2;
    }
    want_rcode = strcmp(argv[7], "echo") ? atoi(argv[7]) : -1;
    want_answers = atoi(argv[8]);
    for (int i = 9; i < argc; i++) {
        if (inet_pton(AF_INET, argv[i], &allowed[allowed_count++]) != 1) die(argv[i]);
    }
    read_questions(argv[3]);
    int socket = open_socket(argv[1], argv[2]);
    double began = seconds_now();
    run(socket, strtoull(argv[4], NULL, 10), began + atof(argv[5]), window);
    double took = seconds_now() - began;
    close(socket);
    printf("{\"asked\": %lu, \"answered\": %lu, \"lost\": %lu, \"wrong\": %lu, \"strayed\": %lu, "
           "\"seconds\": %.6f, \"first_wrong\": \"%s\", \"seen\": [",
           asked, answered, lost, wrong, strayed, took, first_wrong);
    for (int i = 0; i < allowed_count; i++) printf("%s%lu", i ? ", " : "", seen[i]);
    printf("]}\n");
    return 0;
}
