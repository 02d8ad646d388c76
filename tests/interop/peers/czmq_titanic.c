/*  A plain client of Titanic (RFC 9) on CZMQ 4, as the Guide's, to test servers against.

        czmq_titanic SERVICE ENDPOINT COUNT

    COUNT times: has a request of three parts stored, one of them empty, asks for the reply until it
    is there, checks that it has the same parts, in whichever case, and closes it. Statuses are
    compared as whole frames. It prints `COUNT ok` and ends with status 0; 1 without a reply; 3 when
    a reply is not what it must be. */
#include <czmq.h>

#include <strings.h>
#include <sys/prctl.h>

static const int attempts = 3;
static const char *endpoint;

static zsock_t *connect_to_broker(void) {
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

/*  The reply's body. Takes over the request's. */
static zmsg_t *ask(zsock_t **socket, const char *service, zmsg_t *body) {
    zmsg_pushstr(body, service);
    zmsg_pushstr(body, "MDPC01");
    for (int i = 0; i < attempts; ++i) {
        zmsg_t *request = zmsg_dup(body);
        zmsg_send(&request, *socket);
        zmsg_t *reply = zmsg_recv(*socket);
        if (reply) {
            zmsg_destroy(&body);
            if (!is_text(reply, "MDPC01") || !is_text(reply, service))
                exit(3);
            return reply;
        }
        zsock_destroy(socket);
        *socket = connect_to_broker();
    }
    exit(1);
}

static char *submit(zsock_t **socket, const char *service, const char *body) {
    zmsg_t *request = zmsg_new();
    zmsg_addstr(request, service);
    zmsg_addstr(request, body);
    zmsg_addstr(request, "");
    zmsg_addstr(request, "third part");
    zmsg_t *reply = ask(socket, "titanic.request", request);
    if (!is_text(reply, "200"))
        exit(3);
    char *uuid = zmsg_popstr(reply);
    if (!uuid || strlen(uuid) != 32 || zmsg_size(reply) != 0)
        exit(3);
    zmsg_destroy(&reply);
    return uuid;
}

static zmsg_t *ask_about(zsock_t **socket, const char *service, const char *uuid) {
    zmsg_t *request = zmsg_new();
    zmsg_addstr(request, uuid);
    return ask(socket, service, request);
}

static void fetch(zsock_t **socket, const char *uuid, const char *body) {
    for (int64_t limit = zclock_mono() + 20000; zclock_mono() < limit;) {
        zmsg_t *reply = ask_about(socket, "titanic.reply", uuid);
        char *status = zmsg_popstr(reply);
        const bool pending = status && streq(status, "300");
        if (!pending && (!status || !streq(status, "200") || !is_text(reply, body) ||
                         !is_text(reply, "") || !is_text(reply, "third part") ||
                         zmsg_size(reply) != 0))
            exit(3);
        zstr_free(&status);
        zmsg_destroy(&reply);
        if (!pending)
            return;
    }
    exit(1);
}

int main(int argc, char **argv) {
    if (argc != 4)
        return 2;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    endpoint = argv[2];
    const int count = atoi(argv[3]);
    zsock_t *socket = connect_to_broker();
    for (int i = 0; i < count; ++i) {
        char body[32];
        snprintf(body, sizeof body, "request %d", i);
        char *uuid = submit(&socket, argv[1], body);
        fetch(&socket, uuid, body);
        zmsg_t *closed = ask_about(&socket, "titanic.close", uuid);
        if (!is_text(closed, "200") || zmsg_size(closed) != 0)
            return 3;
        zmsg_destroy(&closed);
        zstr_free(&uuid);
    }
    zsock_destroy(&socket);
    printf("%d ok\n", count);
    return 0;
}
