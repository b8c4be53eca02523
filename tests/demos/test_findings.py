"""What the demos say follows from what they computed: with three seeds, every sentence holds."""

import pytest

import demos.common

# The demos whose sentences are conditions on numbers, with settings that take seconds.
DEMOS = {
    "task_adding": "--seeds 1",
    "task_order": "--seeds 1 --steps 20",
    "task_reber": "--seeds 1",
    "task_copy": "--seeds 1 --steps 10 --iterations 550",
    "data_video": "--seeds 1 --iterations 110",
    "research_copy": "--seeds 1 --steps 40 --iterations 300",
    "research_irnn": "--seeds 1 --steps 20 --iterations 400",
    "data_dna": "--seeds 1 --iterations 150",
    "data_speakers": "--seeds 1 --iterations 100",
    "data_stocks": "--seeds 1",
    "data_weather": "--seeds 1",
    "data_heart": "--seeds 1",
    "data_protein": "--seeds 1",
    "max_norm": "--seeds 1",
    "bptt_four_ways": "",
    "topological_order": "",
    "sum_over_time": "",
    "own_cell": "",
    "spectral_radius": "",
    "jacobian_spectra": "",
    "float32": "",
    "vanishing": "",
    "from_other_libraries": "",
    "training_flow": "",
    "forecast_constant": "--seeds 1",
    "jacobian_regulariser": "--seeds 1",
    "research_forget_bias": "--seeds 1",
    "sliding_truncation": "",
    "gates_at_work": "",
    "lstm_or_gru": "",
    "cell_state": "",
    "gru_interpolation": "",
    "recency": "",
    "phase_diagram": "",
    "research_chrono": "",
    "research_mingru": "",
    "research_lru": "",
    "research_cliff": "",
    "research_constant_error": "",
    "linear_recurrences": "",
    "attention": "",
    "encoder_decoder": "",
    "why_tanh": "",
    "gradient_check": "",
    "softmax_gradient": "",
    "first_state": "--seeds 3",
    "padding": "",
    "stateful": "",
    "reset_gate": "",
    "output_gate": "",
    "first_infinity": "",
    "sharing": "",
    "units": "",
    "folded": "",
    "depth": "",
    "exploding": "",
    "initialisation": "",
    "input_attribution": "--seeds 1",
    "truncation": "--seeds 2",
    "saturation": "--seeds 3",
}


@pytest.mark.parametrize("seed", [0, 10, 20])
@pytest.mark.parametrize("name", DEMOS)
def test_every_sentence_holds(name, seed, demo, tmp_path):
    status, said, error = demo(name, *DEMOS[name].split(), "--seed", seed, "--out", tmp_path)
    assert (status, error) == (0, "")
    assert "\nWhat these numbers show:\n- " in said
    assert "Not so here" not in said, said


def test_a_sentence_that_does_not_hold_is_said_to(capsys):
    demos.common.conclude((False, "The one is larger."), (True, "It is " + "long " * 30))
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "- Not so here: The one is larger."
    assert lines[4].startswith("  long")
    assert max(map(len, lines)) <= 96
