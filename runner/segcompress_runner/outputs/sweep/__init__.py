"""A sweep and its trials, for its report. Pure, except for Optuna's random forests."""
