"""lightning_modules.settings: a callback says what it was made with."""

import pytest
import pytorch_lightning as pl
from torch import nn

import lightning_modules as lm

SAID = {
    "AdaptiveGradientClipping(clipping=0.02, exclude=['head'])": lambda: lm.AdaptiveGradientClipping(
        0.02, exclude=["head"]
    ),
    "ClipGradientNorm(max_norm=1.0)": lambda: lm.ClipGradientNorm(1.0),
    "ClipGradientPercentile(window=50, non_finite='skip')": lambda: lm.ClipGradientPercentile(
        window=50, non_finite="skip"
    ),
    "ClipGradientValue(limit=0.5, every_step=True)": lambda: lm.ClipGradientValue(0.5, every_step=True),
    "Doctor(on='stop', ignore=['overfitting'])": lambda: lm.Doctor("stop", ["overfitting"]),
    "FreezeBatchNorm(modules=['body'], affine=True)": lambda: lm.FreezeBatchNorm(["body"], affine=True),
    "GradualUnfreezing(layers=['a', ['b', 'c']], at=[2, 4], factor=0.5)": lambda: lm.GradualUnfreezing(
        ["a", ["b", "c"]], at=[2, 4], factor=0.5
    ),
    "History()": lm.History,
    "Initialize(scheme='he', activation=Tanh)": lambda: lm.Initialize("he", activation=nn.Tanh),
    "L2Penalty(strength=0.1, exempt=[Embedding])": lambda: lm.L2Penalty(0.1, exempt=[nn.Embedding]),
    "LogSignal(every=50)": lambda: lm.LogSignal(50),
    "MaxNorm(radius=3.0)": lambda: lm.MaxNorm(3.0),
    "ProximalL1(strength=0.1)": lambda: lm.ProximalL1(0.1),
    "RateHistory()": lm.RateHistory,
    "RestoringEarlyStopping(monitor='loss', patience=5)": lambda: lm.RestoringEarlyStopping("loss", 5),
    "ScheduleCheck()": lm.ScheduleCheck,
    "SubgradientL1(strength=0.1, small=0.01)": lambda: lm.SubgradientL1(0.1, small=0.01),
}


@pytest.mark.parametrize("said", SAID)
def test_a_callback_says_what_is_not_as_by_default(said):
    assert repr(SAID[said]()) == said


def test_every_public_callback_is_among_them():
    public = {
        name
        for name in lm.__all__
        if isinstance(getattr(lm, name), type) and issubclass(getattr(lm, name), pl.Callback)
    }
    assert public == {said.partition("(")[0] for said in SAID}
