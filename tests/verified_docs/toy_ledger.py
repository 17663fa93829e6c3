"""The command that holds claims, run in this process: what it starts are processes of their own."""

import contextlib
import io
import sys
from unittest import mock

from toy_project import Project, Run

from verified_docs.__main__ import main


def robustness(project: Project, *arguments: str) -> Run:
    """`python -m verified_docs robustness`, with two jobs, and on one thread where nothing else is said."""
    command = ["verified_docs", "robustness", "--jobs", "2", "--threads", "1", *arguments]
    output = io.StringIO()
    with (
        contextlib.chdir(project.root),
        mock.patch.object(sys, "argv", command),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
    ):
        code = main()
    return Run(code, output.getvalue())
