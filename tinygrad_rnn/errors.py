"""Every error the engine raises by name, each also the built-in exception a caller would expect."""


class TinygradError(Exception):
    """Base of all named errors of this package.

    >>> import tinygrad_rnn as tr
    >>> try:
    ...     tr.Tensor(1.0).backward()
    ... except tr.TinygradError as error:
    ...     print(type(error).__name__)
    GradientError
    """


class ShapeError(TinygradError, ValueError):
    """Arrays whose shapes do not fit together; the message names the operation and the shapes.

    >>> import tinygrad_rnn as tr
    >>> tr.mse_loss(tr.Tensor([1.0]), [0.0, 1.0])
    Traceback (most recent call last):
        ...
    tinygrad_rnn.errors.ShapeError: mse_loss: prediction (1,) and target (2,) differ
    """


class DtypeError(TinygradError, TypeError):
    """A dtype that cannot do what is asked of it, such as an integer asked for a gradient.

    >>> import tinygrad_rnn as tr
    >>> tr.Tensor([1, 2], requires_grad=True)
    Traceback (most recent call last):
        ...
    tinygrad_rnn.errors.DtypeError: a tensor of dtype int64 cannot require a gradient: ...
    """


class NotDifferentiableError(TinygradError, TypeError):
    """A NumPy function, or an argument of one, that has no derivative here.

    >>> import numpy as np
    >>> import tinygrad_rnn as tr
    >>> np.unique(tr.Tensor([0.5, 0.5]))
    Traceback (most recent call last):
        ...
    tinygrad_rnn.errors.NotDifferentiableError: np.unique is not differentiated here: ...
    """


class GradientError(TinygradError, RuntimeError):
    """A gradient that there is none of: from a constant, between the steps of a fused run.

    >>> import tinygrad_rnn as tr
    >>> tr.Tensor(1.0).backward()
    Traceback (most recent call last):
        ...
    tinygrad_rnn.errors.GradientError: no gradient flows from Tensor(1., shape=()): ...
    """


class StaleValueError(TinygradError, RuntimeError):
    """A second derivative, or a checkpointed run, needs a value that was replaced meanwhile.

    >>> import tinygrad_rnn as tr
    >>> w = tr.Parameter(2.0)
    >>> y = w * w
    >>> w.data = 3.0
    >>> tr.grad(y, [w])[0].item()  # the graph remembers what w was
    4.0
    >>> tr.grad(y, [w], create_graph=True)
    Traceback (most recent call last):
        ...
    tinygrad_rnn.errors.StaleValueError: Tensor(3., ...) was given new data after ...
    """


class AnomalyError(TinygradError, ArithmeticError):
    """A value, a gradient or a Jacobian that is not finite.

    >>> import numpy as np
    >>> import tinygrad_rnn as tr
    >>> x = tr.Tensor([1e200], requires_grad=True)
    >>> with tr.detect_anomaly(), np.errstate(over="ignore"):
    ...     y = x * x
    Traceback (most recent call last):
        ...
    tinygrad_rnn.errors.AnomalyError: the value of multiply is not finite (inf at index ...
    """


class GradcheckError(TinygradError, AssertionError):
    """A derivative that disagrees with finite differences.

    >>> import tinygrad_rnn as tr
    >>> tr.gradcheck(lambda x: x * x.detach(), [2.0])
    Traceback (most recent call last):
        ...
    tinygrad_rnn.errors.GradcheckError: input 0 at index (0,): the rules give 2..., ...
    """


class StateDictError(TinygradError, ValueError):
    """Weights that do not fit a module or another library: missing, misshapen, of no known form.

    >>> import tinygrad_rnn as tr
    >>> tr.Linear(2, 3).load_state_dict({"bias": [0.0, 0.0]})
    Traceback (most recent call last):
        ...
    tinygrad_rnn.errors.StateDictError: ...; bias: shape (2,) where (3,) is expected; missing: ...
    """


class WeightsFileError(TinygradError, ValueError):
    """A file of weights that is cut off, corrupted, or something else altogether.

    >>> import tempfile
    >>> from pathlib import Path
    >>> import tinygrad_rnn as tr
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "notes.safetensors")
    ...     _ = path.write_text("no weights")
    ...     tr.load(path)
    Traceback (most recent call last):
        ...
    tinygrad_rnn.errors.WeightsFileError: ...notes.safetensors is not a whole safetensors file: ...
    """


class StudyError(TinygradError, RuntimeError):
    """A study that failed, or whose file of results cannot be used.

    >>> import tempfile
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> import tinygrad_rnn as tr
    >>> with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor() as threads:
    ...     study = lambda x, seed: 1 / x
    ...     tr.study.run(study, {"x": [1, 0]}, folder + "/out.jsonl", executor=threads)
    Traceback (most recent call last):
        ...
    tinygrad_rnn.errors.StudyError: 1 of 2 failed, the first of them ... with ZeroDivisionError...
    """
