"""Sentences that once stood on pages, and said more than was decided: put back, the build fails."""

from pathlib import Path

import pytest

from verified_docs.base.config import find
from verified_docs.pages.overstated import problems
from verified_docs.pages.page import Page

CONFIG = find(Path(__file__).parent)
WITH_TEN = "{{ studies/auxiliary.difference[test accuracy][10 labels, frozen]:+.1%}}"
WITH_2000 = "{{ studies/auxiliary.difference[test accuracy][2,000 labels, frozen]:+.1%}}"

ONCE = {
    "transfer, ten labels": (
        "pretrained/when_it_pays.md",
        "## Where it hardly pays { #where-it-hardly-pays }",
        (
            "With ten labels those that reuse layers are ahead. {{ studies/transfer.numbers[gains] }} of the "
            "{{ studies/transfer.numbers[asked] }} intervals lie wholly above zero."
        ),
        '"ahead" rests on no verdict of studies/transfer',
    ),
    "transfer, frozen": (
        "pretrained/when_it_pays.md",
        "## Where it hardly pays { #where-it-hardly-pays }",
        (
            "**Frozen layers harm** from {{ studies/transfer.numbers[frozen harms from]:,d}} labels on: with 2,000 it is "
            "{{ studies/transfer.difference[test accuracy][frozen, 2000 labels]:+.1%}}."
        ),
        '"harm" says more than the verdict "open" of studies/transfer[test accuracy][frozen, 2000 labels]',
    ),
    "transfer, the card": (
        "pretrained/when_it_pays.md",
        "## Where it hardly pays { #where-it-hardly-pays }",
        "Gradual unfreezing gains {{ studies/transfer.difference[test accuracy][gradual, 10 labels]:.1%}}.",
        '"gains" says more than the verdict "open" of studies/transfer[test accuracy][gradual, 10 labels]',
    ),
    "auxiliary": (
        "pretrained/auxiliary.md",
        "## With how many labels",
        (
            f"Frozen it makes steps cheaper, and with few labels costs nothing that could be seen ({WITH_TEN} with ten); "
            f"with 2,000 it does: {WITH_2000}."
        ),
        '"with 2,000 it does" says more than the verdict "open"',
    ),
    "optimizers, as well as any": (
        "optimizers/index.md",
        "## How fast, how good, how forgiving",
        (
            "At their best rate they do as well as any. One half-decade above its best AdamW still has "
            "{{ studies/optimizers.tuning[AdamW, 20 layers][0.003]:.0%}}."
        ),
        '"as well as any" rests on no verdict of studies/optimizers',
    ),
    "optimizers, every run": (
        "optimizers/index.md",
        "## How fast, how good, how forgiving",
        (
            "At half a decade more, every run ended in NaN. One half-decade above its best AdamW still has "
            "{{ studies/optimizers.tuning[AdamW, 20 layers][0.003]:.0%}}."
        ),
        '"every run ended in NaN" quotes no count',
    ),
    "regularization": (
        "regularization/index.md",
        "## Which remedy",
        (
            "Then the accuracy differs too: {{ the_gap.accuracy[ℓ2, 0.2]:.0%}} with ℓ2, "
            "{{ the_gap.accuracy[dropout, 0.2]:.0%}} with dropout, and several points less with nothing."
        ),
        '"several points" rests on runs of regularization/index/the_gap, and a run decides nothing',
    ),
    "max-norm": (
        "regularization/max_norm.md",
        "## When to use it, when not",
        (
            "Its loss is {{ studies/regularizers.mean[test loss][max-norm, 1,000, 20% wrong]:.2f}}. "
            "In the network above it does nothing or nothing useful."
        ),
        '"nothing useful" rests on no verdict of studies/regularizers',
    ),
    "leaky ReLU": (
        "gradients/activations.md",
        "## ReLUs that die",
        "And the usual remedy did not help. Leaky units end on their flat side as often.",
        '"did not help" rests on runs of gradients/activations/dying_relu, and a run decides nothing',
    ),
}


def put_back(path: str, below: str, sentence: str) -> Page:
    text = (CONFIG.docs / path).read_text(encoding="utf-8")
    assert text.count(f"{below}\n") == 1
    return Page(text.replace(f"{below}\n", f"{below}\n\n{sentence}\n"), f"docs/{path}", CONFIG)


@pytest.mark.parametrize(("path", "below", "sentence", "message"), ONCE.values(), ids=ONCE)
def test_put_back_it_fails_the_build(path: str, below: str, sentence: str, message: str):
    found = problems([put_back(path, below, sentence)])
    assert any(message in one for one in found), found


@pytest.mark.parametrize("path", sorted({path for path, *_ in ONCE.values()}))
def test_without_it_the_page_passes(path: str):
    assert problems([Page.read(CONFIG.docs / path, CONFIG)]) == []
