"""Works out the tree that shows one talk to a million viewers: `python loadtests/simulate_tree.py`.

Nodes come one after the other and are placed by the server's own `tree`, each with a load of its own, as
viewers fill them. Then nodes die at random, and all below them ask again. What a viewer and a branch cost was
measured (`bench-media`, `bench-far-branch`).
"""

from __future__ import annotations

import argparse
import math
from collections import Counter
from random import Random

from showcaller.media.contract.calls import Lender
from showcaller.media.node.foreign_stages import TRIES
from showcaller.media.node.tree import ASK_EVERY_S, FORGOTTEN_S, WIDTH, Tree

VIEWER_MBPS = 2.7
TALK_MBPS = 3.4  # three layers, the sound, and what encloses them between nodes
COPIES = 2  # at worst: all lines lose
VIEWERS_A_CORE = 400
BRANCH_CORE = 0.06 / 8
NETWORK_USED = 0.7
SPAN_MS = 6  # at p99 beyond the line's
REPLACED_MS = 1_500  # a node that is gone without a word is missed after so long
SHOWN_AGAIN_MS = 4 * 40 + 250  # connected, and a keyframe


class Crowd:
    """Nodes and their tree. `gbps`: the network of one node."""

    def __init__(self, viewers: int, gbps: float, random: Random) -> None:
        self.viewers_a_node = math.floor(gbps * 1000 * NETWORK_USED / VIEWER_MBPS)
        self.workers_a_node = math.ceil(self.viewers_a_node / VIEWERS_A_CORE)
        self.count = math.ceil(viewers / self.viewers_a_node)
        self._random = random
        self._now_s = 0.0
        self._lenders = {f"n{n}": Lender(f"n{n}", (f"n{n}",), 1) for n in range(self.count)}
        self.tree = Tree(self._lenders["n0"])
        for name in list(self._lenders)[1:]:
            self.place(name)

    def place(self, name: str, without: str = "") -> str:
        """Return who lends to it; "" if nobody does."""
        load = self._random.uniform(0.3, 0.7)
        lender = self.tree.place(self._lenders[name], load, self._now_s, without=without)
        return lender.worker if lender else ""

    def depths(self) -> Counter[int]:
        parents, found = self.tree.parents(), Counter[int]()
        for name in parents:
            depth = 0
            while name != "n0":
                name, depth = parents[name], depth + 1
            found[depth] += 1
        return found

    def kill(self, share: float) -> tuple[int, int]:
        """Have nodes die at once; return how many others lose their lender, and how many find none."""
        dead = set(self._random.sample(sorted(self.tree.parents()), int(share * self.count)))
        living = [name for name in self._lenders if name not in dead and name != "n0"]
        orphans = [name for name in living if self.tree.parents()[name] in dead]
        for name in dead:
            del self._lenders[name]
        lost = sum(not self._find_again(name, dead) for name in orphans)
        # the dead are forgotten while the living ask on
        for _ in range(math.ceil(FORGOTTEN_S / ASK_EVERY_S) + 1):
            self._now_s += ASK_EVERY_S
            for name in living:
                self.place(name)
        return len(orphans), lost

    def _find_again(self, name: str, dead: set[str]) -> bool:
        """Ask until the lender lives, as a node does: three times."""
        lender = self.tree.parents()[name]
        for _ in range(TRIES):
            lender = self.place(name, without=lender)
            if lender and lender not in dead:
                return True
        return False


def main(viewers: int, gbps: float, seed: int) -> None:
    crowd = Crowd(viewers, gbps, Random(seed))
    depths, fed = crowd.depths(), Counter(crowd.tree.parents().values())
    uplink = WIDTH * TALK_MBPS * COPIES
    print(f"viewers: {viewers:,} at {VIEWER_MBPS} Mbit/s")
    print(f"nodes: {crowd.count:,} with {gbps:g} Gbit/s, {NETWORK_USED:.0%} of it used")
    print(f"viewers_a_node: {crowd.viewers_a_node:,}")
    print(f"media_workers_a_node: {crowd.workers_a_node}")
    print(f"cores_for_viewers: {crowd.count * crowd.workers_a_node:,}")
    print(f"network_gbps: {viewers * VIEWER_MBPS / 1000:,.0f}")
    print(f"depth: {max(depths)} (nodes by depth: {dict(sorted(depths.items()))})")
    print(f"branches_of_one_worker: {max(fed.values())}")
    print(f"branches_cost_its_node: {uplink:.0f} Mbit/s, {WIDTH * BRANCH_CORE:.2f} cores")
    print(f"added_ms_p99: {max(depths) * SPAN_MS} beyond the lines' own")
    for share in (0.01, 0.1):
        orphans, lost = crowd.kill(share)
        depths = crowd.depths()
        print(
            f"{share:.0%}_die: {orphans} nodes lose their lender, {lost} find none; depth {max(depths)};"
            f" {sum(depths.values()) + 1} of {len(crowd._lenders)} nodes in the tree"
        )
    print(f"shown_again_ms: about {REPLACED_MS + SHOWN_AGAIN_MS} below a node that is gone")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=1_000_000)
    parser.add_argument("--gbps", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    main(**vars(parser.parse_args()))
