"""How figures are taken: runs of a stated length, each side's in turn, and what they amount to."""
import dataclasses
import statistics

from works import Metric, Work


@dataclasses.dataclass(frozen=True)
class Effort:
    seconds: float  # of one run, where that can be chosen
    runs: int  # of each side


FULL = Effort(1.0, 5)
QUICK = Effort(0.4, 5)


@dataclasses.dataclass
class Result:
    """What one metric of one case came to; `figures` of each side, in the order they were taken."""
    work: Work
    case: object
    metric: Metric
    figures: dict

    @property
    def name(self):
        return self.work.full_name(self.case) + self.metric.suffix

    def median(self, side):
        return statistics.median(self.figures[side])

    @property
    def ratio(self):
        """Ours divided by that of the first of the others, if there is one."""
        return next(iter(self.ratios.values()), None)

    @property
    def ratios(self):
        """Ours divided by each of the others'."""
        return {side: self.median("ours") / self.median(side)
                for side in self.figures if side != "ours"}

    @property
    def budget(self):
        return self.work.budgets.get(self.case) if self.metric is self.work.metrics[0] else None

    def budget_met(self):
        return self.budget.met(self.ratio, self.median("ours"))


def count_for(work, build, side, case, seconds):
    """How many messages or round trips take about that long, within the work's bounds."""
    count = fewest = work.fewest(case)
    for _ in range(2):
        rate = work.per_second(work.run(build, side, case, count)[0])
        # The second try lasts long enough to tell; the first has found what that takes.
        wanted = seconds if count > fewest else seconds / 5
        count = int(min(max(rate * wanted, fewest + 1), work.most))
    return count


def measure(work, build, case, effort):
    """The results of a case, one for each metric."""
    sides = work.sides_of(build, case)
    counts = {side: count_for(work, build, side, case, effort.seconds) if work.counts else 0
              for side in sides}
    taken = {side: [] for side in sides}
    for _ in range(effort.runs):
        for side in sides:
            taken[side].append(work.run(build, side, case, counts[side]))
    return [Result(work, case, metric, {side: [figures[i] for figures in taken[side]]
                                        for side in sides})
            for i, metric in enumerate(work.metrics)]
