"""Every error the engine raises by name, each also the built-in exception a caller would expect."""


class TinygradError(Exception):
    """Base of all named errors of this package."""


class ShapeError(TinygradError, ValueError):
    """Arrays whose shapes do not fit together; the message names the operation and the shapes."""


class DtypeError(TinygradError, TypeError):
    """A dtype that cannot do what is asked of it, such as an integer asked for a gradient."""


class NotDifferentiableError(TinygradError, TypeError):
    """A NumPy function, or an argument of one, that has no derivative here."""


class GradientError(TinygradError, RuntimeError):
    """A reverse sweep that cannot start, such as one from a constant."""


class StaleValueError(TinygradError, RuntimeError):
    """A graph asked to be differentiated twice after one of its leaves was given a new value."""


class AnomalyError(TinygradError, ArithmeticError):
    """A value or a gradient that is not finite, found while looking for the first such."""


class GradcheckError(TinygradError, AssertionError):
    """A derivative that disagrees with finite differences."""


class StateDictError(TinygradError, ValueError):
    """Values that do not fit a module's parameters: missing, unexpected, of another shape."""


class WeightsFileError(TinygradError, ValueError):
    """A file of weights that is cut off, corrupted, or something else altogether."""


class SweepError(TinygradError, RuntimeError):
    """A sweep whose study failed, or whose file of results cannot be used."""
