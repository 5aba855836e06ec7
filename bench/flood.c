/* A flood with forged sources, kept inside loopback: the victim's networks are in 127.0.0.0/8.
 *
 *   flood HOST PORT FILE RATE SECONDS NETWORK COUNT
 *
 * Sends the first question of FILE (see load.c) RATE times a second, for so many seconds (at most
 * 60), each from an address drawn in one of COUNT networks of 254 addresses from NETWORK on, such
 * as 127.77.0.0. What comes back for them is counted and not answered. From the second second on,
 * when a limit has had time to bite, questions and what comes back for them are counted, in octets
 * of DNS messages. One JSON object goes to stdout.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 32, PACKET = 512, REPLY = 4096, COUNTED = 0x80 /* in the first octet of an id */ };

static const int64_t SECOND = 1000000000;

static uint8_t question[PACKET];
static size_t length;
static uint64_t state = 88172645463325252u;
static uint64_t sent, back, truncated, octets_sent, octets_back, octets_truncated;

static void die(const char *what) {
    fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * SECOND + now.tv_nsec;
}

static uint32_t draw(uint32_t below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32) % below;
}

static uint32_t loopback(const char *text) {
    struct in_addr address;
    if (inet_pton(AF_INET, text, &address) != 1 || (ntohl(address.s_addr) >> 24) != 127) {
        fprintf(stderr, "flood: %s is not a loopback address; this program uses only those\n", text);
        exit(2);
    }
    return ntohl(address.s_addr);
}

static void read_question(const char *path) {
    uint8_t head[2];
    FILE *file = fopen(path, "rb");
    if (!file) die(path);
    if (fread(head, 1, 2, file) != 2) die(path);
    length = (size_t)(head[0] << 8 | head[1]);
    if (length < 12 || length > PACKET || fread(question, 1, length, file) != length) die(path);
    fclose(file);
}

/* Sends one batch, each packet from another source: IP_PKTINFO says from which. */
static void send_batch(int made, struct sockaddr_in *to, uint32_t first, uint32_t networks,
                       unsigned count, int counted) {
    static uint8_t octets[BATCH][PACKET];
    static char control[BATCH][CMSG_SPACE(sizeof(struct in_pktinfo))]
        __attribute__((aligned(sizeof(size_t))));
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    memset(messages, 0, sizeof messages);
    for (unsigned i = 0; i < count; i++) {
        memcpy(octets[i], question, length);
        octets[i][0] = (uint8_t)(draw(128) | (counted ? COUNTED : 0));
        octets[i][1] = (uint8_t)draw(256);
        parts[i] = (struct iovec){octets[i], length};
        struct msghdr *head = &messages[i].msg_hdr;
        head->msg_name = to;
        head->msg_namelen = sizeof *to;
        head->msg_iov = &parts[i];
        head->msg_iovlen = 1;
        head->msg_control = control[i];
        head->msg_controllen = sizeof control[i];
        struct cmsghdr *note = CMSG_FIRSTHDR(head);
        note->cmsg_level = IPPROTO_IP;
        note->cmsg_type = IP_PKTINFO;
        note->cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo));
        struct in_pktinfo from = {0};
        from.ipi_spec_dst.s_addr = htonl(first + (draw(networks) << 8) + 1 + draw(254));
        memcpy(CMSG_DATA(note), &from, sizeof from);
    }
    for (unsigned done = 0; done < count;) {
        int went = sendmmsg(made, messages + done, count - done, 0);
        if (went < 0 && errno != EINTR) die("sendmmsg");
        done += went > 0 ? (unsigned)went : 0;
    }
    if (!counted) return;
    sent += count;
    octets_sent += count * length;
}

static void take(int made) {
    static uint8_t replies[BATCH][REPLY];
    static struct mmsghdr messages[BATCH];
    static struct iovec parts[BATCH];
    for (int count = BATCH; count == BATCH;) {
        for (int i = 0; i < BATCH; i++) {
            parts[i] = (struct iovec){replies[i], REPLY};
            messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
        }
        count = recvmmsg(made, messages, BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < count; i++) {
            if (messages[i].msg_len < 12 || !(replies[i][0] & COUNTED)) continue;
            back++;
            octets_back += messages[i].msg_len;
            if (!(replies[i][2] & 2)) continue;
            truncated++;
            octets_truncated += messages[i].msg_len;
        }
    }
}

int main(int argc, char **argv) {
    if (argc != 8) {
        fprintf(stderr, "flood HOST PORT FILE RATE SECONDS NETWORK COUNT\n");
        return 2;
    }
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(loopback(argv[1])),
                             .sin_port = htons((uint16_t)atoi(argv[2]))};
    struct sockaddr_in here = {.sin_family = AF_INET};
    read_question(argv[3]);
    double rate = atof(argv[4]), seconds = atof(argv[5]);
    uint32_t first = loopback(argv[6]), networks = (uint32_t)atoi(argv[7]);
    if (rate <= 0 || rate > 1e6 || seconds <= 0 || seconds > 60 || !networks || networks > 256) {
        fprintf(stderr, "flood: at most 1,000,000 a second, 60 seconds and 256 networks\n");
        return 2;
    }
    int made = socket(AF_INET, SOCK_DGRAM, 0), room = 4 << 20;
    if (made < 0) die("socket");
    if (setsockopt(made, SOL_SOCKET, SO_RCVBUF, &room, sizeof room)) die("SO_RCVBUF");
    if (bind(made, (struct sockaddr *)&here, sizeof here)) die("bind");
    int64_t began = now_ns(), until = began + (int64_t)(seconds * 1e9);
    uint64_t sent_ever = 0;
    for (int64_t now = began; now < until; now = now_ns()) {
        uint64_t due = (uint64_t)((double)(now - began) * rate / 1e9);
        int counted = now - began > SECOND;
        while (sent_ever < due) {
            unsigned count = due - sent_ever < BATCH ? (unsigned)(due - sent_ever) : BATCH;
            send_batch(made, &to, first, networks, count, counted);
            sent_ever += count;
            take(made);
        }
        take(made);
        struct timespec rest = {0, 200000};
        nanosleep(&rest, NULL); /* others stand on this core too */
    }
    struct timespec rest = {0, 200000000};
    nanosleep(&rest, NULL);
    take(made);
    printf("{\"sent\": %lu, \"octets_sent\": %lu, \"back\": %lu, \"octets_back\": %lu, "
           "\"truncated\": %lu, \"octets_truncated\": %lu, \"question\": %lu}\n",
           sent, octets_sent, back, octets_back, truncated, octets_truncated, length);
    return 0;
}
