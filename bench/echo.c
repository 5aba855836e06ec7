/* The limit of the kernel's UDP path: gives every datagram back as it came, in batches.
 *
 *   echo PORT        on 127.0.0.1, until it is told to stop; prints `ready` once it is bound
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { BATCH = 64, PACKET = 1024 };

int main(int argc, char **argv) {
    static uint8_t octets[BATCH][PACKET];
    static struct sockaddr_in from[BATCH];
    static struct iovec parts[BATCH];
    static struct mmsghdr messages[BATCH];
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (argc != 2) return 2;
    here.sin_port = htons((uint16_t)atoi(argv[1]));
    int made = socket(AF_INET, SOCK_DGRAM, 0);
    if (made < 0 || bind(made, (struct sockaddr *)&here, sizeof here)) {
        perror("echo");
        return 1;
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        for (int i = 0; i < BATCH; i++) {
            parts[i] = (struct iovec){octets[i], PACKET};
            messages[i].msg_hdr = (struct msghdr){.msg_name = &from[i],
                                                  .msg_namelen = sizeof from[i],
                                                  .msg_iov = &parts[i],
                                                  .msg_iovlen = 1};
        }
        int count = recvmmsg(made, messages, BATCH, MSG_WAITFORONE, NULL);
        if (count <= 0) continue;
        for (int i = 0; i < count; i++) parts[i].iov_len = messages[i].msg_len;
        for (int done = 0; done < count;) {
            int sent = sendmmsg(made, messages + done, (unsigned)(count - done), 0);
            done += sent > 0 ? sent : 1; /* a datagram that cannot be sent is dropped */
        }
    }
}
