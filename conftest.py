"""The packages are imported whole before pytest collects the examples of one of their modules.

Left to itself, pytest would load a module such as tinygrad_rnn/scope.py twice: by importing its
package, and once more in its own right, with a second set of classes.
"""

import tinygrad_rnn  # noqa: F401  # for its effect, as above
import viz  # noqa: F401  # likewise
