/* pam_leakcheck: refuses a password that is known from a data breach.
 *
 *     cc -O2 -Wall -fPIC -shared -o pam_leakcheck.so pam_leakcheck.c -lpam -lmd
 *
 * Asks `leakcheck answer` at a Unix socket, see docs/membership.md. Where a password is set:
 *     password requisite pam_leakcheck.so [socket=/run/leakcheck/answer.sock] [timeout=2000]
 *     password required  pam_unix.so use_authtok yescrypt
 * Where somebody signs in, after the module that tests the password:
 *     auth requisite pam_leakcheck.so
 *
 * Returns PAM_SUCCESS for a password that is clean, and for nothing else. PAM_AUTHTOK_ERR (setting)
 * or PAM_AUTH_ERR (signing in): it is known from a breach, or there is none.
 * PAM_AUTHINFO_UNAVAIL: it could not be checked. Nothing of a password is logged.
 */
#include <errno.h>
#include <poll.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <sha1.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum verdict { UNKNOWN, CLEAN, EXPOSED };

static long long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

/* Waits until the socket is ready, not beyond `until`. */
static int ready(int link, short what, long long until)
{
    struct pollfd asked = {.fd = link, .events = what};
    for (;;) {
        long long left = until - now();
        int found = left > 0 ? poll(&asked, 1, (int)left) : 0;
        if (found >= 0 || errno != EINTR)
            return found == 1;
    }
}

/* Sends the question and reads the answer, in `timeout` milliseconds. Returns its length, 0 for none. */
static size_t exchange(int link, const char *path, const char *question, char *answer, size_t room,
                       int timeout)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    long long until = now() + timeout;
    size_t length = strlen(question), got = 0;
    if (strlen(path) >= sizeof address.sun_path)
        return 0;
    strcpy(address.sun_path, path);
    if (connect(link, (struct sockaddr *)&address, sizeof address) != 0)
        return 0; /* at once: its queue is full, or nobody listens */
    if (send(link, question, length, MSG_NOSIGNAL) != (ssize_t)length)
        return 0;
    while (got < room && ready(link, POLLIN, until)) {
        ssize_t more = recv(link, answer + got, room - got, 0);
        if (more == 0)
            return got;
        if (more > 0)
            got += (size_t)more;
        else if (errno != EINTR && errno != EAGAIN)
            return 0;
    }
    return got == room ? got : 0; /* the verdict stands at its start; 0: too slow */
}

static enum verdict read_answer(const char *answer)
{
    static const char clean[] = "{\"version\":1,\"verdict\":\"clean\",";
    static const char exposed[] = "{\"version\":1,\"verdict\":\"exposed\",";
    const char *body = strstr(answer, "\r\n\r\n");
    if (body == NULL || strncmp(answer, "HTTP/1.1 200 ", 13) != 0)
        return UNKNOWN;
    if (strncmp(body + 4, clean, sizeof clean - 1) == 0)
        return CLEAN;
    return strncmp(body + 4, exposed, sizeof exposed - 1) == 0 ? EXPOSED : UNKNOWN;
}

static enum verdict ask(const char *path, const char *password, int timeout)
{
    SHA1_CTX sha1;
    uint8_t digest[SHA1_DIGEST_LENGTH];
    char question[160] = "GET /", answer[16384];
    enum verdict found = UNKNOWN;
    int link = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (link < 0)
        return UNKNOWN;
    SHA1Init(&sha1);
    SHA1Update(&sha1, (const uint8_t *)password, strlen(password));
    SHA1Final(digest, &sha1);
    explicit_bzero(&sha1, sizeof sha1);
    for (size_t at = 0; at < sizeof digest; at++)
        sprintf(question + 5 + 2 * at, "%02x", digest[at]);
    strcat(question, " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    size_t length = exchange(link, path, question, answer, sizeof answer - 1, timeout);
    if (length > 0) {
        answer[length] = '\0';
        found = read_answer(answer);
    }
    close(link);
    explicit_bzero(digest, sizeof digest);
    explicit_bzero(question, sizeof question);
    return found;
}

static int judge(pam_handle_t *pam, int count, const char **options, int refused)
{
    const char *path = "/run/leakcheck/answer.sock", *password = NULL;
    int timeout = 2000;
    for (int at = 0; at < count; at++) {
        if (strncmp(options[at], "socket=", 7) == 0)
            path = options[at] + 7;
        else if (strncmp(options[at], "timeout=", 8) == 0 && atoi(options[at] + 8) > 0)
            timeout = atoi(options[at] + 8);
        else {
            pam_syslog(pam, LOG_ERR, "what is %s? Nobody passes until that is mended", options[at]);
            return PAM_SERVICE_ERR;
        }
    }
    int had = pam_get_authtok(pam, PAM_AUTHTOK, &password, NULL);
    if (had != PAM_SUCCESS)
        return had;
    if (password == NULL || *password == '\0') {
        pam_error(pam, "No password was given to check.");
        return refused;
    }
    switch (ask(path, password, timeout)) {
    case CLEAN:
        return PAM_SUCCESS;
    case EXPOSED:
        pam_error(pam, "This password is known from a data breach. Choose another.");
        return refused;
    default:
        pam_error(pam, "This password could not be checked.");
        pam_syslog(pam, LOG_ERR, "no answer at %s", path);
        return PAM_AUTHINFO_UNAVAIL;
    }
}

int pam_sm_authenticate(pam_handle_t *pam, int flags, int count, const char **options)
{
    (void)flags;
    return judge(pam, count, options, PAM_AUTH_ERR);
}

int pam_sm_chauthtok(pam_handle_t *pam, int flags, int count, const char **options)
{
    if (flags & PAM_PRELIM_CHECK)
        return PAM_SUCCESS; /* there is no new password yet */
    return judge(pam, count, options, PAM_AUTHTOK_ERR);
}

int pam_sm_setcred(pam_handle_t *pam, int flags, int count, const char **options)
{
    (void)pam, (void)flags, (void)count, (void)options;
    return PAM_SUCCESS;
}
