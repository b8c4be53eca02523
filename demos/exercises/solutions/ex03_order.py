"""A solution of exercise 3: Kahn's algorithm, from the loss down."""

from collections import Counter

from demos.exercises.ex03_order import Node


def sweep_order(loss: Node) -> list[Node]:
    users: Counter[Node] = Counter()
    met, waiting = {loss}, [loss]
    while waiting:
        for source in waiting.pop().inputs:
            users[source] += 1
            if source not in met:
                met.add(source)
                waiting.append(source)
    order, ready = [], [loss]
    while ready:
        node = ready.pop()
        order.append(node)
        for source in node.inputs:
            users[source] -= 1
            if users[source] == 0:
                ready.append(source)
    return order
