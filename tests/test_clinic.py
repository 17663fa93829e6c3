"""The doctor's patients: each fault is one that the doctor may name and fits some family, and some are tried."""

import math

import pytest

from clinic.families import families
from clinic.faults import FAULTS
from clinic.healthy import HEALTHY
from clinic.patient import Patient, hurts
from clinic.report import report
from clinic.training import train
from lightning_modules.doctor.record import Record
from lightning_modules.doctor.rules import NAMES

PARTS = ("first", "second", "third")


@pytest.mark.parametrize("change", FAULTS)
def test_what_is_right_for_a_fault_is_a_name_that_the_doctor_has(change):
    names, apply = FAULTS[change]
    assert names
    assert set(names) <= set(NAMES)
    assert any(apply(make()) is not None for make in families("first", 0).values()) or any(
        apply(make()) is not None for make in families("second", 0).values()
    )


def test_no_family_is_in_two_parts():
    named = [name for part in PARTS for name in families(part, 0)]
    assert len(named) == len(set(named))


def test_a_healthy_run_is_left_alone_and_a_faulty_one_is_named():
    make = families("third", 0)["rings, dense"]
    healthy, well = train(HEALTHY["as_it_is"](make()), seed=0)
    assert healthy.diagnosis.names == []
    names, apply = FAULTS["far_too_high"]
    sick, ill = train(apply(make()), seed=0)
    assert sick.diagnosis.names[:1] == list(names)
    assert ill < well - 0.1 or math.isnan(ill)


def patient(names: tuple[str, ...], quality: float, **facts: int) -> Patient:
    record = Record()
    for name, value in facts.items():
        setattr(record.facts, name, value)
    return Patient("third", "toy", "toy", 0, names, quality, 0.9, record)


def test_a_fault_that_costs_nothing_is_no_fault():
    assert hurts(patient(("rate-too-low",), 0.5))
    assert hurts(patient(("rate-too-low",), math.nan))
    assert not hurts(patient(("rate-too-low",), 0.85))


def test_the_report_counts_what_was_right_and_whom_it_accused(capsys):
    listed, missed = ("layers-in-a-list",), ("foreign-parameters",)
    patients = [
        patient(listed, 0.1, listed=10),
        patient(missed, 0.1),
        patient((), 0.9),
        patient((), 0.9, listed=10),
    ]
    report("third", patients, verbose=True)
    said = capsys.readouterr().out
    assert "third part: 2 faulty, 0 whose fault does no harm, 2 healthy" in said
    assert "first finding right  1/2 = 50.0%" in said
    assert "precision            1/2" in said
    assert "false alarms         1/2 = 50.0%" in said
    assert "foreign-parameters taken for nothing: 1" in said
    assert "FALSE toy | toy 0" in said
