"""Ten exercises, from the chain rule to BPTT: `python -m demos.exercises` lists and checks them."""
