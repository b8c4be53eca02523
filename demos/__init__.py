"""Small programs, one idea each: run them, look, change a number, look again."""

import os

# The matrices of a demo are small: threads of the linear algebra cost more than they bring.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
