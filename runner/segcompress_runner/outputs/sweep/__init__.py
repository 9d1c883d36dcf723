"""A sweep and its trials, as far as a report tells of them. Pure, but for Optuna's random forests."""
