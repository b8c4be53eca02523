"""no_grad and scope hold for one block of one thread, however it is left."""

import asyncio
import threading

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn.scope import surroundings


def leaf():
    return tr.Tensor(2.0, requires_grad=True)


def recorded():
    return (leaf() * 1.0).requires_grad


def path():
    return [str(part) for part in (leaf() * 1.0).scope]


def test_no_grad_ends_with_an_exception():
    with pytest.raises(KeyError), tr.no_grad():
        raise KeyError
    assert recorded()


def test_no_grad_blocks_nest():
    block = tr.no_grad()
    with block:
        with block:
            assert not recorded()
        assert not recorded()
    assert recorded()


def test_scope_ends_with_an_exception():
    with pytest.raises(KeyError), tr.scope("t", 1), tr.scope("gate"):
        raise KeyError
    assert path() == []


def test_scopes_nest_outermost_first():
    with tr.scope("layer", 0), tr.scope("t", 3), tr.scope("forget gate"):
        assert path() == ["layer = 0", "t = 3", "forget gate"]
    with tr.scope("t", 0), tr.scope("t", 0):
        assert path() == ["t = 0", "t = 0"]
    assert path() == []


@pytest.mark.parametrize("kind", [int, np.int64, np.uint8, np.array, tr.Tensor])
def test_an_index_of_any_kind_of_integer_becomes_an_int(kind):
    with tr.scope(np.str_("t"), kind(3)):
        (part,) = (leaf() * 1.0).scope
    assert (type(part.name), type(part.index), part.is_step) == (str, int, True)
    assert part == tr.Scope("t", 3)


@pytest.mark.parametrize(
    "index", ["3", 3.0, float("nan"), np.float32(3), np.ones(2, int), object()]
)
def test_what_is_no_whole_number_is_no_index(index):
    with pytest.raises(TypeError, match=r"scope: index = .* is not a whole number"):
        tr.scope("t", index)
    with pytest.raises(TypeError, match="scope: name = 3 is not text"):
        tr.scope(3)


def test_an_equal_scope_opened_elsewhere_is_not_closed_by_mistake():
    first, second = tr.scope("a"), tr.scope("a")
    with first:
        second.__enter__()
        tr.scope("a").__exit__(None, None, None)
        assert path() == ["a", "a"]
        second.__exit__(None, None, None)
        assert path() == ["a"]


def test_threads_do_not_see_each_others_blocks():
    seen = {}
    inside, done = threading.Event(), threading.Event()

    def other():
        with tr.no_grad(), tr.scope("other"):
            inside.set()
            done.wait(10)
            seen["other"] = recorded(), path()

    thread = threading.Thread(target=other)
    thread.start()
    inside.wait(10)
    with tr.scope("mine"):
        seen["mine"] = recorded(), path()
    done.set()
    thread.join()
    assert seen == {"mine": (True, ["mine"]), "other": (False, ["other"])}


def test_threads_share_a_decorated_function():
    gate = threading.Barrier(2)

    @tr.no_grad()
    @tr.scope("shared")
    def work(results):
        gate.wait(10)
        results.append((recorded(), path()))
        gate.wait(10)

    results = []
    threads = [threading.Thread(target=work, args=(results,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [(False, ["shared"])] * 2
    assert recorded()


def test_an_abandoned_generator_closed_by_another_thread_pauses_nothing_there():
    def steps():
        with tr.no_grad(), tr.scope("inside"):
            yield

    generator = steps()
    thread = threading.Thread(target=lambda: next(generator))
    thread.start()
    thread.join()
    generator.close()
    assert surroundings().recording
    assert recorded()
    assert path() == []


def test_a_decorated_generator_is_paused_but_not_its_caller():
    @tr.no_grad()
    @tr.scope("inside")
    def steps():
        received = yield recorded(), path()
        while True:
            try:
                received = yield received, recorded(), path()
            except KeyError:
                received = "caught"

    generator = steps()
    assert next(generator) == (False, ["inside"])
    assert recorded()
    assert path() == []
    assert generator.send(5) == (5, False, ["inside"])
    assert generator.throw(KeyError) == ("caught", False, ["inside"])
    assert recorded()
    generator.close()
    assert recorded()


def test_a_block_across_a_yield_holds_for_the_caller_and_a_decorator_does_not():
    """Python gives a block no word of a yield inside it; so the docstrings name the decorator."""

    def across():
        with tr.scope("inside"):
            yield

    @tr.scope("inside")
    def decorated():
        yield

    for generator, found in ((across(), ["inside"]), (decorated(), [])):
        next(generator)
        assert path() == found
        generator.close()
        assert path() == []


def test_a_decorated_generator_returns_and_raises_as_it_would_alone():
    @tr.no_grad()
    def steps():
        yield 1
        return "end"

    def outer():
        return (yield from steps())

    generator = outer()
    assert next(generator) == 1
    with pytest.raises(StopIteration) as caught:
        next(generator)
    assert caught.value.value == "end"

    @tr.no_grad()
    def broken():
        yield 1
        raise LookupError

    generator = broken()
    next(generator)
    with pytest.raises(LookupError):
        next(generator)
    assert recorded()


def test_generators_that_close_their_blocks_out_of_order():
    def steps(name):
        with tr.scope(name):
            yield
            yield

    first, second = steps("first"), steps("second")
    next(first)
    next(second)
    assert path() == ["first", "second"]
    first.close()  # what it found comes back, and no name of a block inside stays
    assert path() == []
    second.close()
    assert path() == []


def test_a_sweep_is_not_recorded_and_leaves_recording_on():
    x = leaf()
    (x * x).backward()
    assert recorded()
    assert surroundings().recording


def test_the_scope_of_what_was_made_does_not_change_later():
    with tr.scope("t", 1):
        y = leaf() * 2.0
    with tr.scope("t", 2):
        z = y * 2.0
    assert [str(s) for s in y.scope] == ["t = 1"]
    assert [str(s) for s in z.scope] == ["t = 2"]
    np.testing.assert_array_equal(z.data, 8.0)


def test_an_outer_block_mends_what_an_inner_one_left_open():
    """As an interrupt can leave it: opened, but never closed."""
    kept = []
    with tr.scope("outer"):
        for block in (tr.scope("inner"), tr.no_grad(), tr.detect_anomaly()):
            block.__enter__()
            kept.append(block)  # alive, so that it cannot close itself
        assert not recorded()
    assert path() == []
    assert recorded()
    assert surroundings().anomalies is None


def test_a_block_that_is_gone_is_closed():
    tr.no_grad().__enter__()
    tr.scope("t", 1).__enter__()
    assert recorded()
    assert path() == []


def test_tasks_do_not_see_each_others_blocks():
    async def task(name, seen):
        with tr.scope(name), tr.no_grad():
            for _ in range(3):
                await asyncio.sleep(0)
                seen.append((path(), recorded()))
        await asyncio.sleep(0)
        seen.append((path(), recorded()))

    async def both():
        first, second = [], []
        await asyncio.gather(task("first", first), task("second", second))
        return first, second

    for name, seen in zip(("first", "second"), asyncio.run(both()), strict=True):
        assert seen == [([name], False)] * 3 + [([], True)]
