"""lightning_modules.doctor.rules: each on records in which one thing is wrong, and on one in which nothing is."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from markdown.extensions.toc import slugify
from records import ask, layer, loss_seen, losses_of, record, regression, step_seen, well

from lightning_modules.doctor.examination import examine
from lightning_modules.doctor.record import Inputs, Learnable, Validation
from lightning_modules.doctor.rules import NAMES, RULES

DOCS = Path(__file__).parents[2] / "docs"
NAN = float("nan")
BINARY = {
    "classes": 1,
    "counts": {},
    "right": NAN,
    "target_high": 1.0,
    "target_sums": [[800.0], [400.0], [400.0]],
}


def validations(*losses, training=0, spread=1.0, accuracy=0.5):
    return [
        Validation(100 * place, loss, accuracy, spread, 0.0, training) for place, loss in enumerate(losses)
    ]


SICK = {
    "nan-inputs": [record(nonfinite_inputs=3)],
    "foreign-parameters": [record(facts={"foreign": 300})],
    "layers-in-a-list": [record(facts={"listed": 100})],
    "parameters-not-in-optimizer": [record(facts={"unheld": 200})],
    "no-gradient": [record(facts={"without_gradient": 100}), well(facts={"without_gradient": 100})],
    "frozen-parameters": [record(facts={"frozen": 900})],
    "identical-units": [record(facts={"identical": ["layers.0.weight"]})],
    "evaluation-mode": [record(facts={"evaluating": 2}), well(facts={"evaluating": 2})],
    "conflicting-parts": [record(facts={"alpha_dropout": 1}), record(facts={"double_norms": 1})],
    "shifted-labels": [record(loss=loss_seen(target_low=1.0, target_high=4.0))],
    "labels-out-of-range": [record(loss=loss_seen(target_high=9.0)), record(loss=loss_seen(target_low=-1.0))],
    "constant-labels": [record(loss=loss_seen(target_low=2.0, target_high=2.0, counts={2: 100}))],
    "constant-inputs": [record(inputs=Inputs(rms=[1.0], mean=[0.5], spread=[0.0]))],
    "softmax-before-cross-entropy": [record(loss=loss_seen(before="softmax"))],
    "sigmoid-before-bce-with-logits": [
        record(loss=loss_seen("binary_cross_entropy_with_logits", "sigmoid", **BINARY))
    ],
    "bce-without-sigmoid": [record(loss=loss_seen("binary_cross_entropy", **BINARY))],
    "nll-without-log-softmax": [
        record(loss=loss_seen("nll_loss")),
        record(loss=loss_seen("nll_loss", "softmax")),
    ],
    "single-output": [record(loss=loss_seen(classes=1))],
    "broadcast-loss": [record(loss=regression(broadcast=True))],
    "output-activation": [
        record(loss=loss_seen(before="sigmoid")),
        record(loss=regression(before="relu", target_low=-2.0, target_high=2.0)),
    ],
    "wrong-loss": [
        record(
            loss=loss_seen(
                "mse_loss", classes=1, indices=False, target_high=3.0, counts=dict.fromkeys(range(4), 99)
            )
        )
    ],
    "summed-loss": [record((33.0,) * 400, loss=loss_seen(reduction="sum"))],
    "missing-zero-grad": [record(facts={"checked_gradients": 9, "stale_gradients": 9})],
    "not-shuffled": [record(loss=loss_seen(within=1.0)), well(loss=loss_seen(within=1.0, right=0.98))],
    "training-items-in-validation": [well(shared_items=50, validation_items=100)],
    "validation-mode": [well(validations=validations(0.3, training=1))],
    "validation-scale": [
        well(
            validations=validations(5.0, spread=12.0, accuracy=0.3),
            validation_loss=loss_seen(right=0.3),
        )
    ],
    "schedule-interval": [
        record(facts={"schedule": "StepLR"}, rates=losses_of([0.1, 0.001, 1e-5, 1e-7, 1e-9] + [1e-9] * 10)),
        well(facts={"schedule": "OneCycleLR", "schedule_length": 400, "expected_epochs": 10}),
    ],
    "clipped-always": [
        record(clipped=40, measured=40, facts={"clip_norm": 0.01}, steps_first=[step_seen(unclipped=5.0)])
    ],
    "double-normalization": [record(inputs=Inputs(rms=[0.003], mean=[0.002], spread=[0.001]))],
    "raw-inputs": [record(inputs=Inputs(rms=[140.0], mean=[100.0], spread=[60.0]))],
    "target-scale": [
        record(
            (5e8,) * 400,
            loss=regression(target_sums=[[100.0], [2e6], [4.1e10]], target_low=1e3, target_high=5e4),
        )
    ],
    "nan-in-the-loss": [record(nonfinite=100)],
    "vanishing-gradients": [record(steps_first=[step_seen(step, (1e-6, 0.1, 1.0)) for step in range(10)])],
    "bad-initialization": [record((90.0,) * 400)],
    "exploding-gradients": [
        record(steps_first=[step_seen(0, (1e4, 10.0, 1.0))], facts={"layers": 9}),
        record(layers_first=[[layer(rms=1.0), layer(rms=900.0)]], facts={"layers": 9}),
    ],
    "dead-units": [record(layers_first=[[layer("relu", dead=1.0)]])],
    "saturated-units": [record(layers_first=[[layer("tanh", saturated=0.95)]], facts={"saturating": 2})],
    "rate-too-high": [
        record(
            (1.4, 900.0, *(1.4,) * 398), steps_first=[step_seen(0, update=9.0)], updates=losses_of([0.05] * 9)
        )
    ],
    "oscillation": [record(tuple(1.4 + (-1) ** (step // 4) for step in range(400)))],
    "rate-too-low": [record(updates=losses_of([1e-6] * 40), travel=1e-4)],
    "over-regularization": [record(steps_first=[step_seen(decay=30.0)]), record(facts={"dropout": 0.95})],
    "small-batch-statistics": [record(facts={"batch_norms": 2, "smallest_batch": 2})],
    "shuffled-labels": [record(learnable=Learnable(400, 0.0, 0.02))],
    "noisy-labels": [
        record(
            tuple(max(1.4 - step / 100, 0.05) for step in range(400)),
            loss=loss_seen(right=0.9),
            learnable=Learnable(400, 0.3, 0.02),
            validation_loss=loss_seen(right=0.5),
            validations=validations(1.0, accuracy=0.5),
        )
    ],
    "overfitting": [
        well(
            validations=validations(1.0, 0.9, 2.2, 2.6, 2.5, accuracy=0.5),
            validation_loss=loss_seen(right=0.5),
        )
    ],
    "stopped-too-early": [
        record(tuple(1.4 - step / 4000 for step in range(400)), facts={"stopped_early": True, "patience": 1})
    ],
    "underfitting": [record()],
    "constant-answer": [record()],
}


@pytest.mark.parametrize("name", NAMES)
def test_a_record_in_which_one_thing_is_wrong_is_understood(name):
    for sick in SICK[name]:
        found = [
            finding
            for names, rule in RULES
            if name in names
            for finding in [ask(rule, sick)]
            if finding is not None
        ]
        assert [finding.name for finding in found] == [name]
        assert 0 < found[0].sure < 1
        assert found[0].evidence
        assert found[0].remedy.endswith(".")
        assert 0 <= found[0].since <= sick.batches


@pytest.mark.parametrize("name", NAMES)
def test_a_finding_leads_to_a_page_and_a_section_that_are_there(name):
    for sick in SICK[name]:
        for finding in (ask(rule, sick) for names, rule in RULES if name in names):
            if finding is not None:
                path, _, anchor = finding.page.partition("#")
                page = DOCS / f"{path.rstrip('/')}.md"
                text = (page if page.is_file() else DOCS / path / "index.md").read_text(encoding="utf-8")
                headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
                assert not anchor or anchor in [slugify(heading, "-") for heading in headings], finding.page


@pytest.mark.parametrize(("names", "rule"), RULES, ids=[rule.__name__ for _, rule in RULES])
def test_no_rule_speaks_of_a_run_that_went_well(names, rule):
    assert ask(rule, well()) is None


SIGNS = {
    "dead units": {"layers_first": [[layer("relu", dead=1.0)]]},
    "saturated units": {"layers_first": [[layer("tanh", saturated=1.0)]], "facts": {"saturating": 1}},
    "small gradients": {"steps_first": [step_seen(step, (1e-9, 1.0, 1.0)) for step in range(10)]},
    "long steps": {"steps_first": [step_seen(step, update=30.0) for step in range(10)]},
    "short steps": {"updates": losses_of([1e-7] * 40), "travel": 1e-5},
    "large inputs": {"inputs": Inputs(rms=[200.0], mean=[100.0], spread=[60.0])},
    "clipping": {"clipped": 40, "measured": 40, "facts": {"clip_norm": 0.01}},
    "frozen layers": {"facts": {"frozen": 10_000}},
    "heavy dropout": {"facts": {"dropout": 0.9}},
    "a loss that is a sum": {"loss": loss_seen(reduction="sum", right=0.98)},
}


@pytest.mark.parametrize("sign", SIGNS)
def test_what_healthy_networks_show_too_is_no_finding_where_the_outcome_is_good(sign):
    assert not examine(well(**SIGNS[sign]))


def test_a_run_that_has_hardly_begun_is_not_judged():
    assert not examine(record((1.4,) * 20, finished=False))
    assert examine(record((1.4,) * 20, finished=True))


def test_findings_are_sorted_by_how_sure_they_are_and_ignored_ones_left_out():
    sick = record(facts={"foreign": 300, "evaluating": 1})
    diagnosis = examine(sick)
    assert diagnosis.names[:2] == ["foreign-parameters", "evaluation-mode"]
    assert examine(sick, ignore=["foreign-parameters"]).names[0] == "evaluation-mode"


def test_a_softmax_is_known_by_its_numbers_where_nobody_saw_it_made():
    sick = record(loss=loss_seen(normalized=True, input_low=0.0, input_high=1.0))
    assert examine(sick).names[0] == "softmax-before-cross-entropy"


def test_every_name_is_written_like_the_others():
    assert all(name == name.lower() and " " not in name and "_" not in name for name in NAMES)
    assert set(SICK) == set(NAMES)


def test_the_api_page_names_every_finding_and_no_other():
    page = (DOCS / "api/doctor.md").read_text(encoding="utf-8")
    assert [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")] == list(NAMES)


def test_a_validation_that_went_wrong_once_is_no_overfitting():
    rule = next(rule for names, rule in RULES if "overfitting" in names)
    [sick] = SICK["overfitting"]
    assert ask(rule, sick) is not None
    calm = replace(sick, validations=validations(1.0, 0.9, 1.0, 1.1, 2.5, accuracy=0.5))
    assert ask(rule, calm) is None


def test_a_sum_does_no_harm_where_steps_do_not_grow_with_the_gradient():
    rule = next(rule for names, rule in RULES if "summed-loss" in names)
    [sick] = SICK["summed-loss"]
    assert ask(rule, replace(sick, facts=replace(sick.facts, optimizer="SGD"))) is not None
    for scale_free in ("Adam", "Muon"):
        assert ask(rule, replace(sick, facts=replace(sick.facts, optimizer=scale_free))) is None


def test_of_several_losses_none_says_what_a_batch_is_made_of():
    for name in ("not-shuffled", "constant-labels"):
        rule = next(rule for names, rule in RULES if name in names)
        sick = SICK[name][0]
        assert ask(rule, replace(sick, loss=replace(sick.loss, alone=False))) is None
