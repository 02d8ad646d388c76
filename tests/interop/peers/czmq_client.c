/*  A plain Majordomo (MDP 0.1, RFC 7) client on CZMQ 4, to test brokers against.

        czmq_client SERVICE ENDPOINT COUNT

    A REQ asks COUNT times, each time with two parts, and checks that the reply has the service and
    the same parts, in whichever case. A request without a reply after 5 s is sent again on a new
    socket, three times at most. It prints `COUNT ok` and ends with status 0; 1 without a reply; 3
    when a reply is not what it must be. */
#include <czmq.h>

#include <strings.h>
#include <sys/prctl.h>

static const int attempts = 3;

static zsock_t *connect_to(const char *endpoint) {
    zsock_t *socket = zsock_new_req(NULL);
    zsock_set_linger(socket, 0);
    zsock_set_rcvtimeo(socket, 5000);
    if (zsock_connect(socket, "%s", endpoint) != 0)
        exit(2);
    return socket;
}

static bool is_text(zmsg_t *message, const char *wanted) {
    char *text = zmsg_popstr(message);
    bool same = text && strcasecmp(text, wanted) == 0;
    zstr_free(&text);
    return same;
}

/*  Null when there was no reply. */
static zmsg_t *ask(zsock_t **socket, const char *endpoint, const char *service, const char *body) {
    for (int i = 0; i < attempts; ++i) {
        zmsg_t *request = zmsg_new();
        zmsg_addstr(request, "MDPC01");
        zmsg_addstr(request, service);
        zmsg_addstr(request, body);
        zmsg_addstr(request, "second part");
        zmsg_send(&request, *socket);
        zmsg_t *reply = zmsg_recv(*socket);
        if (reply)
            return reply;
        zsock_destroy(socket);
        *socket = connect_to(endpoint);
    }
    return NULL;
}

int main(int argc, char **argv) {
    if (argc != 4)
        return 2;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const char *service = argv[1], *endpoint = argv[2];
    int count = atoi(argv[3]);
    zsock_t *socket = connect_to(endpoint);
    for (int i = 0; i < count; ++i) {
        char body[32];
        snprintf(body, sizeof body, "request %d", i);
        zmsg_t *reply = ask(&socket, endpoint, service, body);
        if (!reply)
            return 1;
        if (!is_text(reply, "MDPC01") || !is_text(reply, service) || !is_text(reply, body) ||
            !is_text(reply, "second part") || zmsg_size(reply) != 0)
            return 3;
        zmsg_destroy(&reply);
    }
    zsock_destroy(&socket);
    printf("%d ok\n", count);
    return 0;
}
