"""The days of the week are modules of their own; their assertions say as much as those of a test."""

import pytest

pytest.register_assert_rewrite(
    *(f"week.{name}" for name in ("team", "monday", "tuesday", "wednesday", "thursday", "friday"))
)
