"""Severity from clinicians: a sheet to grade films on, the grades read back, and how far readers agree."""
