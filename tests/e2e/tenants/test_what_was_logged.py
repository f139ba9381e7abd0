"""Tests that search logs and responses after the tenants' tests. These tests are in a separate file, because the
tenants' tests may run in a separate process with a separate stack."""

from tests.e2e.test_what_was_logged import (  # noqa: F401 - collected here too
    signed_in,
    test_no_answer_of_the_whole_run_held_what_is_not_the_pages,
    test_no_secret_of_the_whole_run_is_in_a_functions_log,
)
