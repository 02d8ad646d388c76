/*  CZMQ 4's authenticator, servers that it guards, and clients of other servers.

        czmq_zauth guard PASSWORDS CERTIFICATES SERVER_CERTIFICATE [ALLOW|DENY ADDRESS]
        czmq_zauth say ENDPOINT null
        czmq_zauth say ENDPOINT plain USER PASSWORD
        czmq_zauth say ENDPOINT curve CERTIFICATE SERVER_CERTIFICATE
        czmq_zauth certificate PATH NAME VALUE

    guard starts zauth, with a proxy in front for those who ask from elsewhere, and a DEALER for each
    mechanism that echoes. It prints the endpoints (`zap-tcp`, `zap-ipc`, `null`, `plain`, `curve`)
    and ends with its input. say sends "hello" and prints what comes back, a part a line; it ends
    with status 1 when nothing does. certificate makes one with one metadata property. */
#include <czmq.h>

static void told(zactor_t *auth) {
    if (zsock_wait(auth) != 0)
        exit(2);
}

static zsock_t *bound(zsock_t *socket, const char *name, const char *endpoint) {
    if (!socket || zsock_bind(socket, "%s", endpoint) == -1)
        exit(2);
    char *at = zsock_last_endpoint(socket);
    printf("%s %s\n", name, at);
    zstr_free(&at);
    return socket;
}

static zsock_t *guarded(const char *name, zcert_t *certificate) {
    zsock_t *socket = zsock_new(ZMQ_DEALER);
    zsock_set_zap_domain(socket, "global");
    if (streq(name, "plain"))
        zsock_set_plain_server(socket, 1);
    if (streq(name, "curve")) {
        zcert_apply(certificate, socket);
        zsock_set_curve_server(socket, 1);
    }
    return bound(socket, name, "tcp://127.0.0.1:*");
}

static void pass(void *from, void *to) {
    zmsg_t *message = zmsg_recv(from);
    if (message)
        zmsg_send(&message, to);
}

static void serve(zsock_t *fronts[2], zsock_t *zap[2], zsock_t *servers[3]) {
    zpoller_t *poller = zpoller_new(NULL);
    for (int i = 0; i < 2; ++i) {
        zpoller_add(poller, fronts[i]);
        zpoller_add(poller, zap[i]);
    }
    for (int i = 0; i < 3; ++i)
        zpoller_add(poller, servers[i]);
    int input = STDIN_FILENO;
    zpoller_add(poller, &input);
    fflush(stdout);
    for (;;) {
        void *which = zpoller_wait(poller, -1);
        if (!which || which == &input)
            break;
        for (int i = 0; i < 2; ++i) {
            if (which == fronts[i])
                pass(fronts[i], zap[i]);
            if (which == zap[i])
                pass(zap[i], fronts[i]);
        }
        for (int i = 0; i < 3; ++i)
            if (which == servers[i])
                pass(which, which);
    }
    zpoller_destroy(&poller);
}

static int guard(int argc, char **argv) {
    zcert_t *certificate = zcert_load(argv[4]);
    if (!certificate)
        return 2;
    zactor_t *auth = zactor_new(zauth, NULL);
    zstr_sendx(auth, "PLAIN", argv[2], NULL);
    told(auth);
    zstr_sendx(auth, "CURVE", argv[3], NULL);
    told(auth);
    if (argc == 7) {
        zstr_sendx(auth, argv[5], argv[6], NULL);
        told(auth);
    }
    zsock_t *fronts[2] = {bound(zsock_new(ZMQ_ROUTER), "zap-tcp", "tcp://127.0.0.1:*"),
                          bound(zsock_new(ZMQ_ROUTER), "zap-ipc", "ipc://*")};
    zsock_t *zap[2] = {zsock_new_dealer(">inproc://zeromq.zap.01"),
                       zsock_new_dealer(">inproc://zeromq.zap.01")};
    zsock_t *servers[3] = {guarded("null", certificate), guarded("plain", certificate),
                           guarded("curve", certificate)};
    serve(fronts, zap, servers);
    for (int i = 0; i < 3; ++i)
        zsock_destroy(&servers[i]);
    for (int i = 0; i < 2; ++i) {
        zsock_destroy(&zap[i]);
        zsock_destroy(&fronts[i]);
    }
    zactor_destroy(&auth);
    zcert_destroy(&certificate);
    return 0;
}

static int say(int argc, char **argv) {
    zsock_t *socket = zsock_new(ZMQ_DEALER);
    zsock_set_linger(socket, 0);
    zsock_set_rcvtimeo(socket, 10000);
    zsock_set_sndtimeo(socket, 10000);
    if (argc == 6 && streq(argv[3], "plain")) {
        zsock_set_plain_username(socket, argv[4]);
        zsock_set_plain_password(socket, argv[5]);
    } else if (argc == 6) {
        zcert_t *own = zcert_load(argv[4]);
        zcert_t *server = zcert_load(argv[5]);
        if (!own || !server)
            return 2;
        zcert_apply(own, socket);
        zsock_set_curve_serverkey(socket, zcert_public_txt(server));
        zcert_destroy(&own);
        zcert_destroy(&server);
    }
    if (zsock_connect(socket, "%s", argv[2]) != 0)
        return 2;
    zstr_send(socket, "hello");
    zmsg_t *reply = zmsg_recv(socket);
    const int status = reply ? 0 : 1;
    for (char *text = reply ? zmsg_popstr(reply) : NULL; text; text = zmsg_popstr(reply)) {
        puts(text);
        zstr_free(&text);
    }
    zmsg_destroy(&reply);
    zsock_destroy(&socket);
    return status;
}

static int make_certificate(char **argv) {
    zcert_t *made = zcert_new();
    zcert_set_meta(made, argv[3], "%s", argv[4]);
    const int status = zcert_save(made, argv[2]) == 0 ? 0 : 2;
    zcert_destroy(&made);
    return status;
}

int main(int argc, char **argv) {
    zsys_handler_set(NULL);
    if (argc >= 5 && streq(argv[1], "guard"))
        return guard(argc, argv);
    if (argc >= 4 && streq(argv[1], "say"))
        return say(argc, argv);
    if (argc == 5 && streq(argv[1], "certificate"))
        return make_certificate(argv);
    return 2;
}
