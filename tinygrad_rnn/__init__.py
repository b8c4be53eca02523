"""A reverse-mode autograd on NumPy, and recurrent cells whose unrolling it differentiates."""
