"""Alignment of steps: which node of one step does the job of which node of another.

One idea: a step is recorded in the order in which it was computed, so two steps of a layer are two
sequences of jobs that differ in little. The commonest is the template; the others are laid along
it, what they have in addition is inserted, and what stands in for something else takes its place
(Ratcliff and Metzener's matching of sequences, as in `difflib`). A part of a cell's state is that
part wherever in its step it is made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import NamedTuple


class Job(NamedTuple):
    """What a node does in its step.

    Args:
        name: what it is called there.
        is_state: whether it is one of the parts of a cell's state, of which there is one a step.
    """

    name: str
    is_state: bool = False


Jobs = tuple[Job, ...]


def align(sequences: Sequence[Jobs]) -> tuple[list[Job], dict[Jobs, list[int]]]:
    """Lay sequences along one another.

    Args:
        sequences: of each step, the jobs of its nodes in the order of recording.

    Returns:
        The job of each slot, and for each different sequence the slots of its members. Slots are
        numbered from 0, those of the commonest sequence first, in its order.

    >>> leaf, mul, tanh, cut = map(Job, ("leaf", "multiply", "tanh", "cut"))
    >>> slots, places = align([(leaf, tanh), (mul, tanh), (mul, tanh), (cut, mul, tanh)])
    >>> [job.name for job in slots], places[cut, mul, tanh], places[leaf, tanh]
    (['multiply', 'tanh', 'cut'], [2, 0, 1], [0, 1])
    """
    counts = Counter(sequences)  # keeps the order of first appearance, and so does sorting
    merged: list[tuple[Job, int]] = []  # job and slot, in the order of the union
    jobs: list[Job] = []
    states: dict[Job, int] = {}
    places: dict[Jobs, list[int]] = {}

    def new(job: Job) -> int:
        jobs.append(job)
        return len(jobs) - 1

    for sequence in sorted(counts, key=lambda sequence: -counts[sequence]):
        others = [job for job in sequence if not job.is_state]
        matcher = SequenceMatcher(None, [job for job, _ in merged], others, autojunk=False)
        union: list[tuple[Job, int]] = []
        slots: list[int] = []
        for _, a0, a1, b0, b1 in matcher.get_opcodes():
            pairs = a1 - a0 if a1 - a0 == b1 - b0 else 0
            union += merged[a0:a1]
            slots += [slot for _, slot in merged[a0 : a0 + pairs]]
            added = [(job, new(job)) for job in others[b0 + pairs : b1]]
            union += added
            slots += [slot for _, slot in added]
        merged, found = union, iter(slots)
        for job in sequence:
            if job.is_state and job not in states:
                states[job] = new(job)
        places[sequence] = [states[job] if job.is_state else next(found) for job in sequence]
    return jobs, places
