"""Training neither keeps anything nor needs the collector; `make soak` runs this for longer."""

import gc

from tests.tinygrad_rnn.soak import training


def test_a_hundred_training_steps_leave_no_object_behind():
    steps = training()
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):  # the optimiser's memory is there after the first
            next(steps)
        before = len(gc.get_objects())
        for _ in range(100):
            next(steps)
        assert abs(len(gc.get_objects()) - before) < 20
    finally:
        gc.enable()
