"""A pair of halves on hosts of their own, whichever it is that they are halves of, and what may happen
to it."""

import signal
import time

import harness  # found by whoever imports this
import network

HEARTBEAT, TIMEOUT = 100, 1000  # ms
OTHER = {"primary": "backup", "backup": "primary"}


class Pair(harness.CommandTest):
    """Whoever derives from it has `half(role)`, which starts one, and `self.random`."""

    real = True  # whether namespaces will do

    def lay_pair(self, links, *others):
        """Halves that hear each other by those links, and other hosts at the front."""
        self.links = links
        self.net = network.make(self.folder, {**dict.fromkeys(OTHER, {"front", *links}),
                                              **dict.fromkeys(others, {"front"})}, self.real)
        self.addCleanup(self.net.close)
        self.halves = {role: self.half(role) for role in OTHER}
        self.active = "primary"
        self.settled()

    def control(self, role):
        return f"ipc://{self.folder}/{role}-control"  # a file: no cable is on the way

    def facts(self, role):
        told = self.run_mizzen("star", "status", "--control", self.control(role))
        return dict(line.split(" ", 1) for line in told.stdout.decode().splitlines())

    def settled(self):
        """Once the halves are active and passive, and have told each other so again; whichever is
        active. What they heard before a cut is no sign that it has ended."""
        limit = time.monotonic() + harness.PATIENCE
        before = None
        while time.monotonic() < limit:
            is_now = {role: self.facts(role) for role in OTHER}
            active = self.agreed(is_now)
            if not (active and before and self.nobody_went_active(before, is_now)):
                before = is_now if active else None
            elif all(int(is_now[role]["heard"]) > int(before[role]["heard"]) for role in OTHER):
                self.active = active
                return
        self.fail(f"the pair does not settle: {is_now}")

    def agreed(self, facts):
        """The half that is active, as both of them know."""
        for role, other in OTHER.items():
            one, two = facts[role], facts[other]
            if (one.get("state"), one.get("peer"), two.get("state"), two.get("peer")) == \
                    ("active", "passive", "passive", "active"):
                return role
        return None

    def nobody_went_active(self, before, since):
        return all(since[role]["activations"] == before[role]["activations"] for role in OTHER)

    # What happens. Each gives what sets it right, and who serves meanwhile.

    def kill_one(self, role):
        self.kill(self.halves[role])

        def restart():
            self.halves[role] = self.half(role)
        return restart, OTHER[self.active] if role == self.active else self.active

    def kill_the_active(self):
        return self.kill_one(self.active)

    def kill_the_passive(self):
        return self.kill_one(OTHER[self.active])

    def restart_the_active(self):
        mend, then = self.kill_one(self.active)
        mend()
        return lambda: None, then

    def kill_both(self):
        mends = [self.kill_one(role)[0] for role in OTHER]
        return lambda: [mend() for mend in mends], None

    def stop(self, role):
        self.halves[role].send_signal(signal.SIGSTOP)
        return lambda: self.halves[role].send_signal(signal.SIGCONT)

    def stop_the_active(self):
        return self.stop(self.active), OTHER[self.active]

    def stop_the_passive(self):
        return self.stop(OTHER[self.active]), self.active

    def cut(self, *cables, way=network.BOTH):
        for cable in cables:
            self.net.cut(*cable, way)
        return lambda: [self.net.mend(*cable, way) for cable in cables]

    def all_of(self, role):
        return [(role, link) for link in {"front", *self.links}]

    def cut_the_active_off(self):
        return self.cut(*self.all_of(self.active)), OTHER[self.active]

    def cut_the_active_off_one_way(self):
        way = self.random.choice([network.INTO, network.OUT_OF] if self.net.one_way
                                 else [network.BOTH])
        return self.cut(*self.all_of(self.active), way=way), OTHER[self.active]

    def cut_the_passive_off(self):
        return self.cut(*self.all_of(OTHER[self.active])), self.active

    def cut_both_off(self):
        return self.cut(*self.all_of("primary"), *self.all_of("backup")), None

    def cut_the_clients_off(self):
        return self.cut(("clients", "front")), None

    def cut_the_pairs_own_link(self):
        return self.cut((self.active, "pair")), self.active

    def cut_the_actives_front(self):
        """Which the passive one cannot know, as it hears it by the other link."""
        return self.cut((self.active, "front")), None

    ANYWHERE = (kill_the_active, kill_the_passive, restart_the_active, kill_both, stop_the_active,
                stop_the_passive, cut_the_active_off, cut_the_passive_off, cut_both_off,
                cut_the_clients_off)
