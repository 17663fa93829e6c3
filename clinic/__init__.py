"""Patients for the doctor: runs with a known fault, each beside its twin without it, and healthy ones that look ill."""
