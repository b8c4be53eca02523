"""Buffers that outlive a run: each is lent again, but never while anybody can still see it."""

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn import buffers

SHAPE = (4, buffers.POOLED_FROM // 8)  # float32: twice as large as what is pooled


def address(array):
    return array.__array_interface__["data"][0]


@pytest.fixture
def pool():
    return buffers.BufferPool(8 * buffers.POOLED_FROM)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [SHAPE, (3,), (0, 2), ()])
def test_an_array_is_as_asked_for(shape, dtype, pool):
    array = pool.empty(shape, dtype)
    array[...] = 1
    assert array.shape == shape
    assert array.dtype == dtype
    assert array.flags.c_contiguous
    assert array.flags.writeable
    assert array.sum() == array.size


def test_what_nobody_sees_is_lent_again(pool):
    array = pool.empty(SHAPE, np.float32)
    first, view = address(array), array[1:, 2:]
    del array
    other = pool.empty(SHAPE, np.float32)
    assert address(other) != first  # a view is left
    del view
    again = pool.empty((SHAPE[0], SHAPE[1] - 100), np.float32)  # a little less also fits
    assert address(again) == first


def test_a_buffer_that_is_far_too_large_is_not_lent(pool):
    large = pool.empty((3, *SHAPE), np.float32)
    first = address(large)
    del large
    small = pool.empty(SHAPE, np.float32)
    assert address(small) != first
    assert [kept.size for kept in pool.free] == [6 * buffers.POOLED_FROM]


def test_the_oldest_goes_where_more_than_the_limit_is_free(pool):
    sizes = [k * buffers.POOLED_FROM for k in (2, 4, 4)]
    leases = [pool.empty((size,), np.uint8) for size in sizes]
    while leases:
        leases.pop(0)
    assert [kept.size for kept in pool.free] == sizes[1:]
    pool.release(buffers.Buffer(pool.limit + 1))
    assert not pool.free


def test_a_pool_in_use_makes_nobody_wait(pool):
    array = pool.empty(SHAPE, np.float32)
    with pool.lock:
        del array  # as the collector may do within acquire() or release()
        assert pool.empty(SHAPE, np.float32).shape == SHAPE
    assert not pool.free


@pytest.mark.parametrize("engine", ["graph", "fused"])
@pytest.mark.parametrize("kind", [tr.RNNCell, tr.LSTMCell, tr.GRUCell])
def test_a_later_run_leaves_earlier_outputs_and_gradients_alone(kind, engine):
    rng = np.random.default_rng(0)
    cell, x = kind(3, 60, rng=rng), rng.normal(size=(4, 160, 3))
    assert 160 * 60 * x.itemsize > buffers.POOLED_FROM  # so that a single step is pooled
    first = tr.unroll(cell, x, engine=engine)
    kept, saved = first.outputs.data, first.outputs.data.copy()
    (once,) = tr.grad(np.square(first.outputs).sum(), [cell.weight_hh])
    once = once.data.copy()
    for _ in range(3):
        other = tr.unroll(cell, rng.normal(size=x.shape), engine=engine)
        np.square(other.outputs).sum().backward()
        del other
    np.testing.assert_array_equal(kept, saved)
    (again,) = tr.grad(np.square(first.outputs).sum(), [cell.weight_hh])
    np.testing.assert_array_equal(again.data, once)
