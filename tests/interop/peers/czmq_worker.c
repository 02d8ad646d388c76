/*  A plain Majordomo (MDP 0.1, RFC 7) worker on CZMQ 4, to test brokers against.

        czmq_worker SERVICE ENDPOINT [HEARTBEAT_MS]

    One DEALER to one broker. It echoes every request, each part in upper case. It prints `ready`
    once READY is sent. A DISCONNECT, or three intervals of silence while it is idle, makes it
    connect anew. SIGTERM makes it send DISCONNECT and end with status 0; what a broker must not
    send ends it with status 3. */
#include <czmq.h>

#include <ctype.h>
#include <sys/prctl.h>

enum { ready_command = 1, request_command, reply_command, heartbeat_command, disconnect_command };
enum outcome { connect_anew, terminated, surprised };

static const int liveness = 3;

static void send_command(zsock_t *socket, char command, zmsg_t *rest) {
    zmsg_t *message = rest ? rest : zmsg_new();
    zmsg_pushmem(message, &command, 1);
    zmsg_pushstr(message, "MDPW01");
    zmsg_pushmem(message, NULL, 0);
    zmsg_send(&message, socket);
}

/*  Gives the command, and takes it with what stands before it off the message; 0 if there is none. */
static char take_command(zmsg_t *message) {
    char command = 0;
    zframe_t *empty = zmsg_pop(message);
    zframe_t *header = zmsg_pop(message);
    zframe_t *number = zmsg_pop(message);
    if (empty && zframe_size(empty) == 0 && header && zframe_streq(header, "MDPW01") && number &&
        zframe_size(number) == 1)
        command = (char)zframe_data(number)[0];
    zframe_destroy(&empty);
    zframe_destroy(&header);
    zframe_destroy(&number);
    return command;
}

/*  The message is now: client, empty frame, body. */
static bool answer(zsock_t *socket, zmsg_t *message) {
    zframe_t *client = zmsg_first(message);
    zframe_t *empty = zmsg_next(message);
    if (!client || zframe_size(client) == 0 || !empty || zframe_size(empty) != 0 ||
        zmsg_size(message) < 3)
        return false;
    for (zframe_t *part = zmsg_next(message); part; part = zmsg_next(message))
        for (size_t i = 0; i < zframe_size(part); ++i)
            zframe_data(part)[i] = (byte)toupper(zframe_data(part)[i]);
    send_command(socket, reply_command, message);
    return true;
}

static enum outcome serve(zsock_t *socket, int interval) {
    zpoller_t *poller = zpoller_new(socket, NULL);
    enum outcome result = surprised;
    int64_t heartbeat_at = zclock_mono() + interval;
    int64_t silent_at = zclock_mono() + liveness * interval;
    for (bool going = true; going;) {
        int64_t wait = heartbeat_at - zclock_mono();
        void *ready = zpoller_wait(poller, wait > 0 ? (int)wait : 0);
        if (!ready && zpoller_terminated(poller)) {
            result = terminated;
            break;
        }
        if (ready) {
            zmsg_t *message = zmsg_recv(socket);
            char command = message ? take_command(message) : 0;
            silent_at = zclock_mono() + liveness * interval;
            if (command == request_command && answer(socket, message)) {
                message = NULL; /* it was sent */
            } else if (command == disconnect_command) {
                result = connect_anew;
                going = false;
            } else if (command != heartbeat_command) {
                going = false;
            }
            zmsg_destroy(&message);
        }
        if (zclock_mono() >= heartbeat_at) {
            send_command(socket, heartbeat_command, NULL);
            heartbeat_at = zclock_mono() + interval;
        }
        if (going && zclock_mono() >= silent_at) {
            result = connect_anew;
            going = false;
        }
    }
    zpoller_destroy(&poller);
    return result;
}

int main(int argc, char **argv) {
    if (argc < 3)
        return 2;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int interval = argc > 3 ? atoi(argv[3]) : 2500;
    for (;;) {
        zsock_t *socket = zsock_new_dealer(NULL);
        zsock_set_linger(socket, 1000);
        if (zsock_connect(socket, "%s", argv[2]) != 0)
            return 2;
        zmsg_t *service = zmsg_new();
        zmsg_addstr(service, argv[1]);
        send_command(socket, ready_command, service);
        puts("ready");
        fflush(stdout);
        enum outcome result = serve(socket, interval);
        if (result == terminated)
            send_command(socket, disconnect_command, NULL);
        zsock_destroy(&socket);
        if (result == terminated)
            return 0;
        if (result == surprised)
            return 3;
    }
}
